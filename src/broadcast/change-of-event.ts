import type {
  EntityMetadata,
  InsertEvent,
  ObjectLiteral,
  RecoverEvent,
  RemoveEvent,
  SoftRemoveEvent,
  UpdateEvent,
} from 'typeorm';
import type { BroadcastOperation } from './broadcast-options.js';
import { type Change, rowKey } from './change.js';
import { dataSourceOf } from './data-source-of.js';

/** An event that does not say which row it is about: criteria writes, increments, `reload: false`, orphans set free. */
export const UNIDENTIFIED = Symbol('unidentified');

type ChangeOrNot = Change | typeof UNIDENTIFIED | undefined;

/**
 * An insert. `save()` names the key; `insert()` fills it into the entity.
 *
 * An upsert arrives as an insert also where it updated. Where the key came back from the statement itself it is told as
 * an update, which is true of both; elsewhere the driver guessed it from the last row id, and it is nobody's key.
 *
 * @param upsert whether the statement had a clause for conflicts
 */
export function changeOfInsert(event: InsertEvent<ObjectLiteral>, upsert: boolean): ChangeOrNot {
  const { metadata } = event;
  if (upsert && !dataSourceOf(event).driver.isReturningSqlSupported('insert')) return UNIDENTIFIED;
  const id = idOf(metadata, event.entityId) ?? metadata.getEntityIdMap(event.entity);
  return id ? change(upsert ? 'update' : 'create', metadata, id) : UNIDENTIFIED;
}

/** An update. Only `save()` loads the row first; without it `event.entity` is the set map of a criteria write. */
export function changeOfUpdate(event: UpdateEvent<ObjectLiteral>): ChangeOrNot {
  return fromRow('update', event.metadata, event.databaseEntity);
}

/** A recovery: an update to those who follow. */
export function changeOfRecover(event: RecoverEvent<ObjectLiteral>): ChangeOrNot {
  return fromRow('update', event.metadata, event.databaseEntity);
}

/**
 * A removal, soft or hard. Without a row as it was there are three cases: nothing at all is a criteria write; a key
 * with an entity is the removal of what does not exist, which did nothing; a key alone is an orphan that was removed.
 */
export function changeOfRemove(
  event: RemoveEvent<ObjectLiteral> | SoftRemoveEvent<ObjectLiteral>,
): ChangeOrNot {
  const { metadata, databaseEntity, entity } = event;
  if (databaseEntity) return fromRow('delete', metadata, databaseEntity);
  const id = idOf(metadata, event.entityId);
  if (!id) return UNIDENTIFIED;
  return entity ? undefined : change('delete', metadata, id);
}

/** A plain object saved through the parent's repository is announced as the parent; the row knows what it is. */
function fromRow(
  operation: BroadcastOperation,
  announced: EntityMetadata,
  row: ObjectLiteral | undefined,
): ChangeOrNot {
  const metadata = row ? announced.findInheritanceMetadata(row) : announced;
  const id = metadata.getEntityIdMap(row);
  return id ? change(operation, metadata, id, row) : UNIDENTIFIED;
}

/** TypeORM's mixed map: the value of a single key, or the map of a composite one. */
function idOf(metadata: EntityMetadata, entityId: unknown): ObjectLiteral | undefined {
  return entityId === undefined ? undefined : metadata.ensureEntityIdMap(entityId);
}

function change(
  operation: BroadcastOperation,
  metadata: EntityMetadata,
  id: ObjectLiteral,
  before?: ObjectLiteral,
): Change {
  return { operation, metadata, id, key: rowKey(metadata, id), before };
}

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
import type { Row } from './read-entities.js';
import { relationKeysOf, withoutRelations } from './relation-keys.js';

/** An event that does not say which row it is about: criteria writes, increments, `reload: false`, orphans set free. */
export const UNIDENTIFIED = Symbol('unidentified');

/** What events of removals say. */
export type Removal = RemoveEvent<ObjectLiteral> | SoftRemoveEvent<ObjectLiteral>;

type ChangeOrNot = Change | typeof UNIDENTIFIED | undefined;

/** An insert. `save()` names the key; `insert()` fills it into the entity. */
export function changeOfInsert({ metadata, entityId, entity }: InsertEvent<ObjectLiteral>): ChangeOrNot {
  const id = idOf(metadata, entityId) ?? metadata.getEntityIdMap(entity);
  return id ? changeOf('create', metadata, id) : UNIDENTIFIED;
}

/** An update. Only `save()` loads the row first; without it `event.entity` is the set map of a criteria write. */
export function changeOfUpdate(event: UpdateEvent<ObjectLiteral>): ChangeOrNot {
  return fromRow('update', event.metadata, event.databaseEntity);
}

/** A recovery: an update to those who follow. */
export function changeOfRecover(event: RecoverEvent<ObjectLiteral>): ChangeOrNot {
  const change = fromRow('update', event.metadata, event.databaseEntity);
  return change === UNIDENTIFIED ? change : { ...change, way: 'recover' };
}

/**
 * A removal, soft or hard. Without a row as it was there are three cases: nothing at all is a criteria write; a key
 * with an entity is the removal of what does not exist, which did nothing; a key alone is an orphan that was removed.
 * TypeORM does not find the row of a key that is a relation: then it is there if it was read.
 *
 * @param read rows read before their removal, by key; one is taken out
 * @param way `softDelete` where the row is kept
 */
export function changeOfRemove(
  event: Removal,
  read: Map<string, Row>,
  way: { way?: 'softDelete' } = {},
): ChangeOrNot {
  const removed = removedRow(event);
  if (!removed) return UNIDENTIFIED;
  const { metadata, id } = removed;
  const key = rowKey(metadata, id);
  const row = read.get(key);
  read.delete(key);
  if (!row && !event.databaseEntity && event.entity) return undefined;
  const change = changeOf('delete', metadata, id, event.databaseEntity ?? row?.entity);
  return { ...change, ...way, linked: row?.linked, keys: { ...row?.keys, ...change.keys } };
}

/** What a removal is about, if it says so. */
export function removedRow({
  metadata: announced,
  databaseEntity,
  entityId,
}: Removal): Pick<Change, 'metadata' | 'id'> | undefined {
  const metadata = databaseEntity ? announced.findInheritanceMetadata(databaseEntity) : announced;
  const id = databaseEntity ? metadata.getEntityIdMap(databaseEntity) : idOf(metadata, entityId);
  return id && { metadata, id };
}

/** A plain object saved through the parent's repository is announced as the parent; the row knows what it is. */
function fromRow(
  operation: BroadcastOperation,
  announced: EntityMetadata,
  row: ObjectLiteral | undefined,
): Change | typeof UNIDENTIFIED {
  const metadata = row ? announced.findInheritanceMetadata(row) : announced;
  const id = metadata.getEntityIdMap(row);
  return id ? changeOf(operation, metadata, id, row) : UNIDENTIFIED;
}

/** TypeORM's mixed map: the value of a single key, or the map of a composite one. */
function idOf(metadata: EntityMetadata, entityId: unknown): ObjectLiteral | undefined {
  return entityId === undefined ? undefined : metadata.ensureEntityIdMap(entityId);
}

export function changeOf(
  operation: BroadcastOperation,
  metadata: EntityMetadata,
  id: ObjectLiteral,
  before?: ObjectLiteral,
): Change {
  return {
    operation,
    metadata,
    id,
    key: rowKey(metadata, id),
    before: withoutRelations(metadata, before),
    keys: relationKeysOf(metadata, before),
  };
}

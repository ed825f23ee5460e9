import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { BroadcastOptions } from './broadcast-options.js';
import { idOfKeys, pointsToPrimaryKey } from './entity-id.js';
import { invalidBroadcast, quoted } from './invalid-broadcast.js';
import { type RelationKeys, relationKeys } from './relation-keys.js';

/** A relation whose row is told when one that points to it changes. */
export interface Touch {
  /** The property path of the relation. */
  readonly relation: string;
  /** The entity it points to. */
  readonly metadata: EntityMetadata;
  /** The property path of the relation's other side there; `''` where it has none. */
  readonly path: string;
  /** Whether foreign keys are read with a row: the entity has no property for them. */
  readonly isRead: boolean;
  /** The row that it points to; undefined where it points to none, or that is not known. */
  idOf(keys: RelationKeys): ObjectLiteral | undefined;
}

/**
 * Reads the option `touch`.
 *
 * @throws MercureError BROADCAST_INVALID
 */
export function compileTouch(touch: BroadcastOptions['touch'], metadata: EntityMetadata): Touch[] {
  if (touch === undefined) return [];
  if (!Array.isArray(touch) || touch.length === 0) {
    throw invalidBroadcast(metadata, 'option "touch" is not a list of relations', 'Leave it out.');
  }
  return [...new Set(touch)].map((name: unknown) => touchOf(name, metadata));
}

function touchOf(name: unknown, metadata: EntityMetadata): Touch {
  const keys = relationKeys(metadata);
  const relation = metadata.relations.find(({ propertyPath }) => propertyPath === name);
  const own = keys.filter((key) => key.relation === name);
  if (!relation || own.length === 0) {
    throw invalidBroadcast(
      metadata,
      `option "touch" names "${String(name)}", which is not a relation with a foreign key here`,
      own.length < keys.length
        ? `Use ${quoted([...new Set(keys.map((key) => key.relation))])}.`
        : 'Leave it out.',
    );
  }
  const { inverseEntityMetadata, inverseRelation, joinColumns } = relation;
  if (
    !pointsToPrimaryKey(inverseEntityMetadata, joinColumns) ||
    joinColumns.some(({ isSelect }) => !isSelect)
  ) {
    throw invalidBroadcast(
      metadata,
      `option "touch" names "${relation.propertyPath}", whose foreign key is hidden, or not a primary key there`,
      `Leave it out, and publish changes of "${inverseEntityMetadata.name}" by hand.`,
    );
  }
  return {
    relation: relation.propertyPath,
    metadata: inverseEntityMetadata,
    path: inverseRelation?.propertyPath ?? '',
    isRead: own.some(({ isVirtual }) => isVirtual),
    idOf: (known) =>
      idOfKeys(
        inverseEntityMetadata,
        own.map(({ path, referenced }) => [referenced, known[path]]),
      ),
  };
}

import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import { type Change, rowKey } from './change.js';
import { UNIDENTIFIED } from './change-of-event.js';
import { idOfKeys, pointsToPrimaryKey } from './entity-id.js';

type Relation = EntityMetadata['relations'][number];

/** A side of a many-to-many relation that is told when rows are linked or unlinked. */
export interface JunctionSide {
  /** The entity of its rows; under single-table inheritance the parent of all. */
  readonly metadata: EntityMetadata;
  /** The property path of the relation. */
  readonly path: string;
  readonly ofThis: KeyOfJunction;
  /** The entity on the other side. */
  readonly other: EntityMetadata;
  readonly ofOther: KeyOfJunction;
}

/** Reads the key of one of the two rows from a row of the junction table; undefined where it is not their primary key. */
type KeyOfJunction = (junctionRow: ObjectLiteral) => ObjectLiteral | undefined;

/** The side of a relation that its own property stands for. */
export function junctionSide(relation: Relation): JunctionSide {
  const { entityMetadata, inverseEntityMetadata, propertyPath, junctionEntityMetadata, isOwning } = relation;
  const { ownerColumns = [], inverseColumns = [] } = junctionEntityMetadata ?? {};
  const owner = keyOf(isOwning ? entityMetadata : inverseEntityMetadata, ownerColumns);
  const inverse = keyOf(isOwning ? inverseEntityMetadata : entityMetadata, inverseColumns);
  return {
    metadata: entityMetadata,
    path: propertyPath,
    ofThis: isOwning ? owner : inverse,
    other: inverseEntityMetadata,
    ofOther: isOwning ? inverse : owner,
  };
}

/**
 * A row of a junction table that came or went: an update of the row that it links on one side.
 *
 * @param came or else it went
 */
export function changeOfLink(
  row: ObjectLiteral,
  { metadata, path, ofThis, other, ofOther }: JunctionSide,
  came: boolean,
): Change | typeof UNIDENTIFIED {
  const [id, otherId] = [ofThis(row), ofOther(row)];
  if (!id) return UNIDENTIFIED;
  const links = new Map(otherId && [[rowKey(other, otherId), { id: otherId, was: !came }]]);
  return {
    operation: 'update',
    way: 'links',
    metadata,
    id,
    key: rowKey(metadata, id),
    keys: {},
    links: new Map([[path, links]]),
  };
}

function keyOf(metadata: EntityMetadata, columns: EntityMetadata['columns']): KeyOfJunction {
  if (!pointsToPrimaryKey(metadata, columns)) return () => undefined;
  return (row) =>
    idOfKeys(
      metadata,
      columns.flatMap((column) =>
        column.referencedColumn
          ? [[column.referencedColumn, column.getEntityValue(row) ?? row[column.databaseName]] as const]
          : [],
      ),
    );
}

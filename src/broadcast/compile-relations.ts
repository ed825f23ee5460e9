import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { BroadcastOptions } from './broadcast-options.js';
import { pointsToPrimaryKey } from './entity-id.js';
import { invalidBroadcast, quoted } from './invalid-broadcast.js';
import type { Linked, LinkedRelation } from './linked-rows.js';
import { type RelationKeys, relationKeys } from './relation-keys.js';

type Relation = EntityMetadata['relations'][number];

/** A relation that followers see: the keys of its rows are a member of the row. */
export interface CarriedRelation {
  /** The property, and its path: it is of no embedded object. */
  readonly name: string;
  /** How its links are read; undefined where a foreign key of the row is all there is. */
  readonly links: LinkedRelation | undefined;
  /** Whether its foreign key is read with the row: the entity has no property for it. */
  readonly isRead: boolean;
  /** A row with nothing but its key, or a list of them. */
  valueOf(keys: RelationKeys, linked: Linked | undefined): unknown;
}

/** What else the declaration, and others, say about relations. */
export interface RelationRules {
  /** The many-to-many relations whose links are updates. */
  readonly links: ReadonlySet<string>;
  /** Whether rows of a relation tell this entity's when they change. */
  readonly touched: (relation: Relation) => boolean;
}

/**
 * Reads the option `relations`. A payload has only what its updates follow: a relation whose changes are updates of
 * something else would be what it was long ago.
 *
 * @throws MercureError BROADCAST_INVALID
 */
export function compileRelations(
  relations: BroadcastOptions['relations'],
  metadata: EntityMetadata,
  rules: RelationRules,
): CarriedRelation[] {
  if (relations === undefined) return [];
  if (!Array.isArray(relations)) {
    throw invalidBroadcast(metadata, 'option "relations" is not a list of relations', 'Leave it out.');
  }
  return [...new Set(relations)].map((name: unknown) => {
    const relation = metadata.relations.find(({ propertyPath }) => propertyPath === name);
    const refuse = (fault: string, remedy: string): never => {
      throw invalidBroadcast(metadata, `option "relations" names "${String(name)}", ${fault}`, remedy);
    };
    if (!relation || relation.embeddedMetadata) {
      const known = metadata.relations.filter(({ embeddedMetadata }) => !embeddedMetadata);
      return refuse(
        'which is not a relation of the entity itself',
        known.length > 0 ? `Use ${quoted(known.map(({ propertyPath }) => propertyPath))}.` : 'Leave it out.',
      );
    }
    if (relation.isManyToOne || relation.isOneToOneOwner) return byForeignKey(relation, metadata);
    return relation.isManyToMany ? byJunction(relation, rules, refuse) : byOthers(relation, rules, refuse);
  });
}

/** A row as followers see it: a copy, where there are relations to see. */
export function withCarried(
  entity: ObjectLiteral,
  carried: readonly CarriedRelation[],
  keys: RelationKeys,
  linked: Linked | undefined,
): ObjectLiteral {
  if (carried.length === 0) return entity;
  const values = carried.map((relation) => [relation.name, relation.valueOf(keys, linked)] as const);
  const copy = Object.create(Object.getPrototypeOf(entity) as object) as ObjectLiteral;
  return Object.assign(copy, entity, Object.fromEntries(values));
}

type Refuse = (fault: string, remedy: string) => never;

function byForeignKey(relation: Relation, metadata: EntityMetadata): CarriedRelation {
  const own = relationKeys(metadata).filter((key) => key.relation === relation.propertyPath);
  return {
    name: relation.propertyName,
    links: undefined,
    isRead: own.some(({ isVirtual }) => isVirtual),
    valueOf(keys) {
      const values = own.map(({ path }) => keys[path]);
      if (values.some((value) => value === null || value === undefined)) return null;
      const row = bare(relation.inverseEntityMetadata);
      for (const [index, { referenced }] of own.entries()) referenced.setEntityValue(row, values[index]);
      return row;
    },
  };
}

function byJunction(relation: Relation, { links }: RelationRules, refuse: Refuse): CarriedRelation {
  const { junctionEntityMetadata: table, isOwning, propertyName, inverseEntityMetadata: other } = relation;
  if (!links.has(propertyName)) {
    return refuse('whose links are no updates of this entity', 'Name it in "inverse", too.');
  }
  const [here, there] = isOwning
    ? [table?.ownerColumns, table?.inverseColumns]
    : [table?.inverseColumns, table?.ownerColumns];
  const isKnown =
    pointsToPrimaryKey(relation.entityMetadata, here ?? []) && pointsToPrimaryKey(other, there ?? []);
  if (!table || !here || !there || !isKnown) {
    return refuse('whose links are not of primary keys', 'Leave it out.');
  }
  return carriedLinks({
    relation,
    table,
    here: referencing(here),
    there: referencing(there),
  });
}

function byOthers(relation: Relation, { touched }: RelationRules, refuse: Refuse): CarriedRelation {
  const { inverseEntityMetadata: table, inverseRelation } = relation;
  if (!inverseRelation || !touched(relation)) {
    return refuse(
      `and "${table.name}" does not tell this entity of its changes`,
      `Declare touch: ["${inverseRelation?.propertyPath}"] on "${table.name}", before this is read.`,
    );
  }
  return carriedLinks({
    relation,
    table,
    here: referencing(inverseRelation.joinColumns),
    there: table.primaryColumns.map((column) => ({ column, referenced: column })),
  });
}

function carriedLinks({
  relation,
  ...links
}: Omit<LinkedRelation, 'path' | 'other'> & { relation: Relation }): CarriedRelation {
  const { propertyName: name, inverseEntityMetadata: other, isOneToOne } = relation;
  return {
    name,
    links: { path: name, other, ...links },
    isRead: false,
    valueOf(_keys, linked) {
      const ids = [...(linked?.get(name)?.values() ?? [])].toSorted((one, two) => compare(other, one, two));
      const rows = ids.map((id) => Object.assign(bare(other), id));
      return isOneToOne ? (rows[0] ?? null) : rows;
    },
  };
}

function referencing(columns: EntityMetadata['columns']): LinkedRelation['here'] {
  return columns.flatMap((column) =>
    column.referencedColumn ? [{ column, referenced: column.referencedColumn }] : [],
  );
}

/** An instance without what its constructor does: it has nothing but its key. */
function bare({ target }: EntityMetadata): ObjectLiteral {
  return Object.create(
    typeof target === 'function' ? (target.prototype as object) : Object.prototype,
  ) as ObjectLiteral;
}

/** In the order of their keys: a database gives links in any. */
function compare({ primaryColumns }: EntityMetadata, one: ObjectLiteral, two: ObjectLiteral): number {
  for (const column of primaryColumns) {
    const [a, b] = [column.getEntityValue(one), column.getEntityValue(two)] as [unknown, unknown];
    if (typeof a === 'number' && typeof b === 'number') {
      if (a !== b) return a - b;
    } else if (String(a) !== String(b)) return String(a) < String(b) ? -1 : 1;
  }
  return 0;
}

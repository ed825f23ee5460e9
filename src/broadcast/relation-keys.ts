import type { EntityMetadata, ObjectLiteral } from 'typeorm';

/**
 * What a row's foreign keys point to, by the path a template names it with: `{ 'author.id': 1 }`, null where it points
 * to nothing. What is not known is absent: an update only loads the relations it was given.
 */
export type RelationKeys = Readonly<Record<string, unknown>>;

/** A key column of another entity, that this one's table holds as a foreign key. */
export interface RelationKey {
  readonly path: string;
  /** The property path of the relation. */
  readonly relation: string;
  /** Whether the entity has no column property of its own for it, so that only the relation can tell. */
  readonly isVirtual: boolean;
  /** The column it points to. */
  readonly referenced: EntityMetadata['columns'][number];
  readonly valueOf: (entity: ObjectLiteral) => unknown;
}

const keysOf = new WeakMap<EntityMetadata, readonly RelationKey[]>();
const namesOf = new WeakMap<EntityMetadata, ReadonlySet<string>>();

/** The foreign keys of an entity: its many-to-one relations, and its one-to-one relations with a join column. */
export function relationKeys(metadata: EntityMetadata): readonly RelationKey[] {
  let keys = keysOf.get(metadata);
  if (!keys) keysOf.set(metadata, (keys = listKeys(metadata)));
  return keys;
}

function listKeys(metadata: EntityMetadata): readonly RelationKey[] {
  return metadata.relations.filter(holdsKey).flatMap((relation) =>
    relation.joinColumns.flatMap((column) => {
      const { referencedColumn, isVirtual } = column;
      if (!referencedColumn) return [];
      const path = `${relation.propertyPath}.${referencedColumn.propertyPath}`;
      const valueOf = (entity: ObjectLiteral): unknown => {
        const related: unknown = relation.getEntityValue(entity);
        if (related === null) return null;
        if (typeof related === 'object') return referencedColumn.getEntityValue(related);
        return isVirtual ? undefined : column.getEntityValue(entity);
      };
      return [{ path, relation: relation.propertyPath, isVirtual, referenced: referencedColumn, valueOf }];
    }),
  );
}

/** What is known of an entity's foreign keys. */
export function relationKeysOf(metadata: EntityMetadata, entity: ObjectLiteral | undefined): RelationKeys {
  if (!entity) return {};
  const values = relationKeys(metadata).map(({ path, valueOf }) => [path, valueOf(entity)] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/**
 * A copy with columns only. A payload has no others; and which relations TypeORM loads with a row as it was depends on
 * what was saved, while a topic function must find the same in every row.
 */
export function withoutRelations<Entity extends ObjectLiteral | undefined>(
  metadata: EntityMetadata,
  entity: Entity,
): Entity {
  if (!entity) return entity;
  let names = namesOf.get(metadata);
  if (!names) namesOf.set(metadata, (names = relationNames(metadata)));
  const columns = Object.create(Object.getPrototypeOf(entity) as object) as NonNullable<Entity>;
  for (const [name, value] of Object.entries(entity)) {
    if (!names.has(name)) Object.assign(columns, { [name]: value as unknown });
  }
  return columns;
}

/** The properties that hold relations. One that is a primary key is a column, too. */
function relationNames({ columns, relations }: EntityMetadata): ReadonlySet<string> {
  const readable = new Set(
    columns.flatMap(({ isVirtual, propertyName }) => (isVirtual ? [] : [propertyName])),
  );
  return new Set(
    relations
      .filter(({ propertyName }) => !readable.has(propertyName))
      .flatMap(({ propertyName }) => [propertyName, `__${propertyName}__`]),
  );
}

function holdsKey(relation: EntityMetadata['relations'][number]): boolean {
  return relation.isManyToOne || relation.isOneToOneOwner;
}

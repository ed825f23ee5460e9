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

/** The foreign keys of an entity: its many-to-one relations, and its one-to-one relations with a join column. */
export function relationKeys(metadata: EntityMetadata): RelationKey[] {
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
  // A relation that is a primary key is a column, too.
  const columns = new Set(
    metadata.columns.flatMap(({ isVirtual, propertyName }) => (isVirtual ? [] : [propertyName])),
  );
  const names = metadata.relations
    .filter(({ propertyName }) => !columns.has(propertyName))
    .flatMap(({ propertyName }) => [propertyName, `__${propertyName}__`]);
  const kept = Object.entries(entity).filter(([name]) => !names.includes(name));
  return Object.assign(
    Object.create(Object.getPrototypeOf(entity) as object) as NonNullable<Entity>,
    Object.fromEntries(kept),
  );
}

function holdsKey(relation: EntityMetadata['relations'][number]): boolean {
  return relation.isManyToOne || relation.isOneToOneOwner;
}

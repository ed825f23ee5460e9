import type { EntityMetadata, ObjectLiteral } from 'typeorm';

type Column = EntityMetadata['columns'][number];

/**
 * The id map of a row that foreign keys point to.
 *
 * @param values of its primary columns
 * @returns undefined where one is null or not known
 */
export function idOfKeys(
  metadata: EntityMetadata,
  values: readonly (readonly [Column, unknown])[],
): ObjectLiteral | undefined {
  const entity: ObjectLiteral = {};
  for (const [column, value] of values) {
    if (value === null || value === undefined) return undefined;
    column.setEntityValue(entity, value);
  }
  return metadata.getEntityIdMap(entity);
}

/** Whether foreign keys point to the primary key, which is what a row is known by. */
export function pointsToPrimaryKey(
  metadata: EntityMetadata,
  foreignKeys: readonly { readonly referencedColumn: Column | undefined }[],
): boolean {
  const referenced = foreignKeys.map(({ referencedColumn }) => referencedColumn);
  return (
    referenced.length === metadata.primaryColumns.length &&
    referenced.every((column) => column?.isPrimary === true)
  );
}

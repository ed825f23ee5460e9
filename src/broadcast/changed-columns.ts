import { isDeepStrictEqual } from 'node:util';
import type { EntityMetadata, ObjectLiteral } from 'typeorm';

/**
 * Property paths of the columns in which two images of a row differ; `address.city` in an embedded object. What neither
 * image has, a column of `select: false`, did not change to anybody who follows.
 */
export function changedColumns(
  metadata: EntityMetadata,
  before: ObjectLiteral,
  now: ObjectLiteral,
): Set<string> {
  const changed = metadata.columns.filter(
    (column) =>
      !column.isVirtual && !isDeepStrictEqual(column.getEntityValue(before), column.getEntityValue(now)),
  );
  return new Set(changed.map(({ propertyPath }) => propertyPath));
}

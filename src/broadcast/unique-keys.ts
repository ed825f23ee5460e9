import type { EntityMetadata } from 'typeorm';

export type Column = EntityMetadata['columns'][number];

/** Columns of which no two rows have the same values. */
export interface UniqueKey {
  readonly columns: readonly Column[];
  /** SQL of the rows for which that holds. Default: all. */
  readonly where?: string | undefined;
}

/** What an INSERT says of rows that are there already, in TypeORM's words. */
export interface ConflictClause {
  /** Database names of columns, or the name of a constraint; MySQL and MariaDB take any. */
  readonly conflict?: readonly string[] | string | undefined;
  readonly indexPredicate?: string | undefined;
}

/** The keys by which an INSERT may meet a row that is there. Indexes of some rows only are none, unless it names one. */
export function conflictKeys(
  metadata: EntityMetadata,
  { conflict, indexPredicate }: ConflictClause,
): readonly UniqueKey[] {
  if (typeof conflict === 'string') {
    const named = uniquesOf(metadata).filter(({ name }) => name === conflict);
    if (named.length > 0) return keysOf(metadata, named);
  } else if (conflict && conflict.length > 0) {
    const columns = conflict.flatMap((name) => metadata.findColumnWithDatabaseName(name) ?? []);
    return columns.length === conflict.length ? [{ columns, where: indexPredicate }] : [];
  }
  return keysOf(metadata, uniquesOf(metadata));
}

interface Unique {
  readonly name?: string | undefined;
  readonly columns: readonly Column[];
}

function uniquesOf(metadata: EntityMetadata): readonly Unique[] {
  const tables = [metadata, ...(metadata.parentEntityMetadata ? [metadata.parentEntityMetadata] : [])];
  return [
    { columns: metadata.primaryColumns },
    ...tables.flatMap(({ uniques, indices }) => [
      ...uniques,
      ...indices.filter(({ isUnique, where }) => isUnique && !where),
    ]),
  ];
}

/** Each once, as columns of this entity: under single-table inheritance the constraint may be its parent's. */
function keysOf(metadata: EntityMetadata, uniques: readonly Unique[]): readonly UniqueKey[] {
  const keys = new Map<string, UniqueKey>();
  for (const { columns: declared } of uniques) {
    const names = declared.map(({ databaseName }) => databaseName);
    const columns = names.flatMap((name) => metadata.findColumnWithDatabaseName(name) ?? []);
    if (columns.length > 0 && columns.length === names.length) keys.set(names.join(), { columns });
  }
  return [...keys.values()];
}

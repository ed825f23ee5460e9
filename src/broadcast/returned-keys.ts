import type { DataSource, EntityMetadata, ObjectLiteral } from 'typeorm';
import type { Builder, WriteResult } from './watched-builders.js';

/** Keys that a statement was asked to return. */
export interface ReturnedKeys {
  /** Takes them out of the result, which is as it would have been; undefined where the statement gave none. */
  take(result: WriteResult): readonly ObjectLiteral[] | undefined;
  /** The builder is as it was. */
  restore(): void;
}

const POSTGRES: readonly string[] = ['postgres', 'aurora-postgres', 'cockroachdb'];

/**
 * Asks a statement for the keys of the rows it changes. A statement of which the database would then judge other rows
 * is left alone: on PostgreSQL RETURNING reads the table, which one without a condition does not, and what may be read
 * is up to grants and row-level security.
 *
 * @returns undefined where the statement cannot say
 */
export function askForKeys(
  { expressionMap: map }: Builder,
  metadata: EntityMetadata,
  { driver, options }: DataSource,
): ReturnedKeys | undefined {
  const columns = metadata.primaryColumns;
  const { returning, extraReturningColumns } = map;
  if (POSTGRES.includes(options.type) && typeof returning !== 'string' && map.wheres.length > 0) {
    map.extraReturningColumns = [...columns];
  } else if (options.type === 'better-sqlite3' && returning === undefined) {
    // SQLite has it, which TypeORM does not know of; there is no other way to ask than as if the application had.
    map.returning = columns.map(({ propertyPath }) => propertyPath);
  } else {
    return undefined;
  }
  const asked = Array.isArray(returning) ? namesOf(returning, metadata) : undefined;
  return {
    take(result) {
      const rows = result.raw as ObjectLiteral[];
      const copies = rows.map((row) => ({ ...row }));
      result.affected ??= rows.length;
      if (!asked) result.raw = [];
      else for (const row of rows) forget(row, asked);
      return keysIn(copies, metadata, driver);
    },
    restore() {
      map.returning = returning;
      map.extraReturningColumns = extraReturningColumns;
    },
  };

  function forget(row: ObjectLiteral, names: ReadonlySet<string>): void {
    for (const { databaseName } of columns) if (!names.has(databaseName)) delete row[databaseName];
  }
}

/** The primary keys in what a statement returned; undefined where they are not among it. */
export function keysIn(
  raw: unknown,
  { primaryColumns }: EntityMetadata,
  driver: DataSource['driver'],
): readonly ObjectLiteral[] | undefined {
  if (!Array.isArray(raw)) return undefined;
  const rows = raw as readonly ObjectLiteral[];
  if (!rows.every((row) => primaryColumns.every(({ databaseName }) => databaseName in row))) return undefined;
  return rows.map((row) => {
    const key: ObjectLiteral = {};
    for (const column of primaryColumns) {
      column.setEntityValue(key, driver.prepareHydratedValue(row[column.databaseName], column));
    }
    return key;
  });
}

function namesOf(paths: readonly string[], metadata: EntityMetadata): Set<string> {
  const columns = paths.flatMap((path) => metadata.findColumnsWithPropertyPath(path));
  return new Set(columns.map(({ databaseName }) => databaseName));
}

import type { DataSource, EntityMetadata, ObjectLiteral } from 'typeorm';
import type { Builder, WriteResult } from './watched-builders.js';

type Column = EntityMetadata['columns'][number];

/** Rows that a statement was asked to return. */
export interface ReturnedRows {
  /**
   * Takes them out of the result, which is as it would have been.
   *
   * @returns rows with the columns that were asked for; undefined where the statement gave none
   */
  take(result: WriteResult): readonly ObjectLiteral[] | undefined;
  /** The builder is as it was. */
  restore(): void;
}

const POSTGRES: readonly string[] = ['postgres', 'aurora-postgres', 'cockroachdb'];

/**
 * Asks a statement for the rows it changes. A statement of which the database would then judge other rows
 * is left alone: on PostgreSQL RETURNING reads the table, which one without a condition does not, and what may be read
 * is up to grants and row-level security.
 *
 * @param columns of theirs; such as the application reads by itself
 * @returns undefined where the statement cannot say
 */
export function askForRows(
  { expressionMap: map }: Builder,
  metadata: EntityMetadata,
  columns: readonly Column[],
  { driver, options }: DataSource,
): ReturnedRows | undefined {
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
      return rowsIn(copies, metadata, columns, driver);
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

/** Rows in what a statement returned; undefined where the columns are not among it. */
export function rowsIn(
  raw: unknown,
  metadata: EntityMetadata,
  columns: readonly Column[],
  driver: DataSource['driver'],
): readonly ObjectLiteral[] | undefined {
  if (!Array.isArray(raw)) return undefined;
  const rows = raw as readonly ObjectLiteral[];
  if (!rows.every((row) => columns.every(({ databaseName }) => databaseName in row))) return undefined;
  return rows.map((row) => {
    const entity = metadata.create();
    for (const column of columns) {
      setValue(entity, column, driver.prepareHydratedValue(row[column.databaseName], column));
    }
    return entity;
  });
}

/** A foreign key without a property of its own is the relation with the key alone, as TypeORM loads it. */
function setValue(entity: ObjectLiteral, column: Column, value: unknown): void {
  const { relationMetadata: relation, referencedColumn: referenced, isVirtual } = column;
  if (!isVirtual || !relation || !referenced) return column.setEntityValue(entity, value);
  const related = relation.getEntityValue(entity) as ObjectLiteral | undefined;
  const key = value === null ? null : { ...related, ...referenced.createValueMap(value) };
  relation.setEntityValue(entity, key);
}

function namesOf(paths: readonly string[], metadata: EntityMetadata): Set<string> {
  const columns = paths.flatMap((path) => metadata.findColumnsWithPropertyPath(path));
  return new Set(columns.map(({ databaseName }) => databaseName));
}

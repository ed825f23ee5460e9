import type { DataSource, EntityMetadata, ObjectLiteral } from 'typeorm';
import { type Column, conflictKeys, type UniqueKey } from './unique-keys.js';
import type { Builder } from './watched-builders.js';

/** An INSERT whose events do not say what it did. */
export interface InsertWrite {
  readonly metadata: EntityMetadata;
  /** What becomes of a row that is there already. */
  readonly met: 'refused' | 'skipped' | 'updated';
  /** By which it may be met. */
  readonly keys: readonly UniqueKey[];
  /** What it was given, an object for each row; listeners may change them until the statement is sent. None of a SELECT. */
  readonly valueSets: readonly ObjectLiteral[];
  /** Property paths of the columns that values are taken for; none is all. */
  readonly columns: readonly string[];
  /** Whether the statement returns the keys of the rows that it makes or changes. */
  readonly returnsKeys: boolean;
}

/** The values of a row in a unique key, as the driver takes them. */
export interface KeyValues {
  readonly key: UniqueKey;
  readonly values: readonly unknown[];
}

/** One of the rows that an INSERT is given. */
export interface GivenRow {
  readonly valueSet: ObjectLiteral;
  /** Its values in each key in which it has any. */
  readonly in: readonly KeyValues[];
  /** Its primary key, where that was given whole. */
  readonly id: ObjectLiteral | undefined;
  /** Whether no row that is there can be met: it has a value in no key. */
  readonly isNew: boolean;
}

/**
 * What a builder is about to do, where TypeORM's events of it mislead: with a clause for conflicts they say "inserted"
 * also of what was updated or skipped; where the statement returns no keys, TypeORM counts them from the one the driver
 * gives, over those that were given; and of rows that come from a SELECT there are none.
 */
export function insertWriteOf(
  { expressionMap: map }: Builder,
  { driver, options }: DataSource,
): InsertWrite | undefined {
  if (map.queryType !== 'insert' || !map.callListeners || !map.mainAlias?.hasMetadata) return undefined;
  const { metadata } = map.mainAlias;
  const valueSets = map.insertFromSelect ? [] : [map.valuesSet ?? []].flat();
  const met = metOf(map);
  const misleads = map.insertFromSelect
    ? true
    : met !== 'refused' || (!driver.isReturningSqlSupported('insert') && countsKeys(metadata, valueSets));
  if (!misleads) return undefined;
  const takesAny = options.type === 'mysql' || options.type === 'mariadb' || met === 'skipped';
  return {
    metadata,
    met,
    keys: conflictKeys(metadata, takesAny ? {} : (map.onUpdate ?? {})),
    valueSets,
    columns: map.insertColumns ?? [],
    returnsKeys: map.updateEntity && driver.isReturningSqlSupported('insert') && isReturned(metadata),
  };
}

function metOf({ onIgnore, onUpdate, onConflict }: Builder['expressionMap']): InsertWrite['met'] {
  if (onIgnore) return 'skipped';
  // 0.3 has the clause as text, too.
  if (typeof onConflict === 'string' && onConflict !== '') {
    return /\bDO\s+NOTHING\b/i.test(onConflict) ? 'skipped' : 'updated';
  }
  if (!onUpdate) return 'refused';
  const { overwrite = [], columns = [] } = onUpdate;
  return overwrite.length + columns.length === 0 ? 'skipped' : 'updated';
}

/** Whether keys that were given would be taken for counted ones. */
function countsKeys(metadata: EntityMetadata, valueSets: readonly ObjectLiteral[]): boolean {
  if (valueSets.length < 2) return false;
  const counted = metadata.generatedColumns.filter(
    ({ generationStrategy }) => generationStrategy === 'increment',
  );
  return valueSets.some((set) => counted.some((column) => (column.getEntityValue(set) as unknown) != null));
}

/** Whether the primary key is among what TypeORM has an INSERT return. */
function isReturned(metadata: EntityMetadata): boolean {
  const returned = metadata.getInsertionReturningColumns();
  return metadata.primaryColumns.every((column) => returned.includes(column));
}

/** The rows as they are about to be sent. */
export function givenRows(
  { metadata, keys, valueSets, columns }: InsertWrite,
  { driver }: DataSource,
): readonly GivenRow[] {
  const isSent = ({ isInsert, propertyPath }: Column): boolean =>
    columns.length > 0 ? columns.includes(propertyPath) : isInsert;
  return valueSets.map((valueSet) => {
    let isKnown = true;
    const valueOf = (column: Column): unknown => {
      const value: unknown = isSent(column) ? column.getEntityValue(valueSet) : undefined;
      if (typeof value !== 'function') return driver.preparePersistentValue(value, column) as unknown;
      isKnown = false;
      return undefined;
    };
    const within = keys
      .map((key) => ({ key, values: key.columns.map(valueOf) }))
      .filter(({ values }) => values.every((value) => value !== undefined && value !== null));
    const id = metadata.primaryColumns.every((column) => (valueOf(column) ?? null) !== null)
      ? metadata.getEntityIdMap(valueSet)
      : undefined;
    return { valueSet, in: within, id, isNew: within.length === 0 && isKnown };
  });
}

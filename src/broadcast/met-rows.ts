import type { ObjectLiteral, QueryRunner } from 'typeorm';
import { rowKey } from './change.js';
import { dataSourceOf } from './data-source-of.js';
import { guardedRead } from './guarded-read.js';
import type { KeyValues } from './insert-write.js';
import { type Reading, type Row, rowsOf } from './read-entities.js';
import type { UniqueKey } from './unique-keys.js';

/** Rows per SELECT: below every driver's bound on parameters and on the depth of a condition. */
const BATCH = 500;

/** More rows than a unique key can have: it is none. */
export class NotUnique extends Error {}

/**
 * Reads the rows that have given values in unique keys, soft-deleted ones too. One SELECT for each key and
 * 500 rows.
 *
 * @returns rows by `Change.key`
 * @throws NotUnique, SavepointRefused, or what the driver throws; the transaction is as it was
 */
export async function rowsMet(
  runner: QueryRunner,
  reading: Reading,
  wanted: readonly KeyValues[],
): Promise<Map<string, Row>> {
  const found = new Map<string, Row>();
  for (const key of new Set(wanted.map((each) => each.key))) {
    const all = wanted.filter((each) => each.key === key);
    for (let start = 0; start < all.length; start += BATCH) {
      const values = all.slice(start, start + BATCH).map((each) => each.values);
      for (const row of await select(runner, reading, key, values)) {
        found.set(rowKey(reading.metadata, row.entity), row);
      }
    }
  }
  return found;
}

function select(
  runner: QueryRunner,
  reading: Reading,
  { columns, where }: UniqueKey,
  values: readonly (readonly unknown[])[],
): Promise<Row[]> {
  const { metadata, relations } = reading;
  const { driver } = dataSourceOf(runner);
  const names = columns.map(
    ({ databaseName }) => `${driver.escape('entity')}.${driver.escape(databaseName)}`,
  );
  const parameters: ObjectLiteral = {};
  const parameter = (value: unknown): string => {
    const name = `met_${Object.keys(parameters).length}`;
    parameters[name] = value;
    return `:${name}`;
  };
  const terms = values.map((row) => row.map(parameter));
  const condition =
    names.length === 1
      ? `${names[0]} IN (${terms.join()})`
      : terms
          .map((row) => `(${row.map((term, index) => `${names[index]} = ${term}`).join(' AND ')})`)
          .join(' OR ');
  return guardedRead(runner, async () => {
    const query = runner.manager
      .createQueryBuilder<ObjectLiteral>(metadata.target, 'entity')
      .withDeleted()
      .where(`(${condition})`, parameters)
      .limit(values.length + 1);
    if (where) query.andWhere(`(${where})`);
    if (relations.length > 0) {
      query.loadAllRelationIds({ relations: [...relations], disableMixedMap: true });
    }
    const entities = await query.getMany();
    if (entities.length > values.length)
      throw new NotUnique('Several rows have the same values in a unique key');
    return rowsOf(runner, entities, reading);
  });
}

import type { ObjectLiteral, QueryRunner } from 'typeorm';
import { guardedRead } from '../guarded-read.js';
import { type Reading, type Row, rowsOf } from '../read-entities.js';
import { tablePath } from './trigger-sql.js';

/**
 * Reads rows of a table from JSON, in its order, as a SELECT of the table would: the database knows the types of its
 * columns, and TypeORM what it makes of them. They have different keys, so that there is an entity of each. What the
 * relations link them to is what it is now.
 *
 * @param images of its columns; those that are missing are null
 * @throws what the driver throws
 */
export async function readImages(
  runner: QueryRunner,
  reading: Reading,
  images: readonly string[],
): Promise<Row[]> {
  const { metadata, relations } = reading;
  const table = tablePath({ schema: metadata.schema, name: metadata.tableName });
  const rows = (json: string): string =>
    `(SELECT * FROM jsonb_populate_recordset(CAST(NULL AS ${table}), CAST(${json} AS jsonb)))`;
  const json = `[${images.join()}]`;
  if (metadata.isJunction) {
    const sql = `SELECT * FROM ${rows('$1')} link`;
    const found = (await guardedRead(runner, () => runner.query(sql, [json]))) as ObjectLiteral[];
    return found.map((entity) => ({ entity, keys: {} }));
  }
  const query = runner.manager.createQueryBuilder<ObjectLiteral>(metadata.target, 'entity').withDeleted();
  // Of a builder that is made of another the main alias is not the one among all, and these are what is selected from.
  for (const alias of query.expressionMap.aliases) alias.subQuery = rows(':images');
  query.setParameters({ images: json });
  if (relations.length > 0) query.loadAllRelationIds({ relations: [...relations], disableMixedMap: true });
  return guardedRead(runner, async () => rowsOf(runner, await query.getMany(), reading));
}

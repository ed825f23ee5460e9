import type { Place } from '../log.js';
import type { RetainedRow, RetainedTable } from '../retained-table.js';
import type { PostgresLine } from './postgres-line.js';
import type { PostgresNames } from './postgres-schema.js';
import { BEGIN_COMMITTED } from './postgres-statements.js';

/** The newest update of each topic in PostgreSQL. */
export class PostgresRetained implements RetainedTable {
  constructor(private readonly log: () => { readonly line: PostgresLine; readonly names: PostgresNames }) {}

  async keep(rows: readonly RetainedRow[], wholeUpTo: Place, maxTopics: number): Promise<void> {
    const { line, names } = this.log();
    await line.transaction(async (query) => {
      // One node at a time: two that write the same topics in different orders would wait for each other.
      await query(`UPDATE ${names.meta} SET retained = greatest(retained, $1::bigint)`, [String(wholeUpTo)]);
      if (rows.length === 0) return;
      await query(
        `INSERT INTO ${names.retained} AS kept (topic_key, position, body)
         SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[])
         ON CONFLICT (topic_key) DO UPDATE SET position = excluded.position, body = excluded.body
         WHERE kept.position < excluded.position`,
        [rows.map(({ key }) => key), rows.map(({ place }) => String(place)), rows.map(({ body }) => body)],
      );
      await query(
        `DELETE FROM ${names.retained} WHERE position < (
           SELECT position FROM ${names.retained} ORDER BY position DESC LIMIT 1 OFFSET $1)`,
        [maxTopics - 1],
      );
    }, BEGIN_COMMITTED);
  }

  async find(keys: readonly string[]): Promise<RetainedRow[]> {
    const { line, names } = this.log();
    const rows = await line.query(
      `SELECT topic_key, position::text, body FROM ${names.retained} WHERE topic_key = ANY($1::text[])`,
      [keys],
    );
    return (rows as string[][]).map(([key, position, body]) => {
      return { key: key!, place: BigInt(position!), body: body! };
    });
  }

  async wholeUpTo(): Promise<Place | undefined> {
    const { line, names } = this.log();
    const [row] = await line.query(`SELECT retained::text FROM ${names.meta}`);
    const place = row?.[0] as string | null | undefined;
    return place ? BigInt(place) : undefined;
  }
}

import { asText } from '../batch.js';
import type { Place } from '../log.js';
import type { RetainedRow, RetainedTable } from '../retained-table.js';
import type { MysqlLine } from './mysql-line.js';
import type { MysqlNames } from './mysql-schema.js';

/** The newest update of each topic in MySQL or MariaDB. */
export class MysqlRetained implements RetainedTable {
  constructor(private readonly log: () => { readonly line: MysqlLine; readonly names: MysqlNames }) {}

  async keep(rows: readonly RetainedRow[], wholeUpTo: Place, maxTopics: number): Promise<void> {
    const { line, names } = this.log();
    await line.transaction(async (query) => {
      // One node at a time: two that write the same topics in different orders would wait for each other.
      await query(`UPDATE ${names.meta} SET retained = GREATEST(IFNULL(retained, 0), CAST(? AS SIGNED))`, [
        String(wholeUpTo),
      ]);
      if (rows.length === 0) return;
      await query(
        `INSERT INTO ${names.retained} (topic_key, position, body) VALUES ${rows.map(() => '(?, ?, ?)').join()}
         ON DUPLICATE KEY UPDATE body = IF(VALUES(position) > position, VALUES(body), body),
           position = GREATEST(position, VALUES(position))`,
        rows.flatMap(({ key, place, body }) => [key, String(place), Buffer.from(body)]),
      );
      const [oldest] = await query(
        `SELECT CAST(position AS CHAR) FROM ${names.retained} ORDER BY position DESC LIMIT 1 OFFSET ?`,
        [maxTopics - 1],
      );
      if (oldest) await query(`DELETE FROM ${names.retained} WHERE position < ?`, [asText(oldest[0])]);
    });
  }

  async find(keys: readonly string[]): Promise<RetainedRow[]> {
    const { line, names } = this.log();
    const rows = await line.query(
      `SELECT topic_key, CAST(position AS CHAR), body FROM ${names.retained} WHERE topic_key IN (?)`,
      [keys.map((key) => Buffer.from(key))],
    );
    return rows.map(([key, position, body]) => {
      return { key: asText(key), place: BigInt(asText(position)), body: asText(body) };
    });
  }

  async wholeUpTo(): Promise<Place | undefined> {
    const { line, names } = this.log();
    const [row] = await line.query(`SELECT CAST(retained AS CHAR) FROM ${names.meta}`);
    const [place] = row ?? [];
    return place === null || place === undefined ? undefined : BigInt(asText(place));
  }
}

import { asText } from '../batch.js';
import type { Place } from '../log.js';
import type { RetainedRow, RetainedTable } from '../retained-table.js';
import type { SqliteStatement } from './sqlite-driver.js';
import type { SqliteNames } from './sqlite-schema.js';

/** What is used of the log. */
export interface SqliteAccess {
  readonly prepared: (sql: string) => SqliteStatement;
  readonly ask: <T>(question: () => T) => Promise<T>;
  /** In one transaction, when it stands in nobody's way. */
  readonly write: (statements: () => void) => Promise<void>;
}

/** The newest update of each topic in a file of SQLite. */
export class SqliteRetained implements RetainedTable {
  constructor(
    private readonly names: SqliteNames,
    private readonly log: SqliteAccess,
  ) {}

  keep(rows: readonly RetainedRow[], wholeUpTo: Place, maxTopics: number): Promise<void> {
    const { prepared } = this.log;
    const { meta, retained } = this.names;
    return this.log.write(() => {
      prepared(`UPDATE ${meta} SET retained = max(ifnull(retained, 0), ?)`).run(Number(wholeUpTo));
      const insert = prepared(
        `INSERT INTO ${retained} (topic_key, position, body) VALUES (?, ?, ?)
         ON CONFLICT (topic_key) DO UPDATE SET position = excluded.position, body = excluded.body
         WHERE position < excluded.position`,
      );
      for (const { key, place, body } of rows) insert.run(key, Number(place), body);
      prepared(
        `DELETE FROM ${retained} WHERE position < (
           SELECT position FROM ${retained} ORDER BY position DESC LIMIT 1 OFFSET ?)`,
      ).run(maxTopics - 1);
    });
  }

  find(keys: readonly string[]): Promise<RetainedRow[]> {
    return this.log.ask(() => {
      const statement = this.log.prepared(
        `SELECT position, CAST(body AS BLOB) FROM ${this.names.retained} WHERE topic_key = ?`,
      );
      return keys.flatMap((key) =>
        (statement.all(key) as [number, unknown][]).map(([position, body]) => {
          return { key, place: BigInt(position), body: asText(body) };
        }),
      );
    });
  }

  wholeUpTo(): Promise<Place | undefined> {
    return this.log.ask(() => {
      const [row] = this.log.prepared(`SELECT retained FROM ${this.names.meta}`).all() as [[number | null]?];
      const [place] = row ?? [null];
      return place === null ? undefined : BigInt(place);
    });
  }
}

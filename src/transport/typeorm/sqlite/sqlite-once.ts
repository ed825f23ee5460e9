import type { OnceWindow } from '../../abilities.js';
import { asText } from '../batch.js';
import type { Entry, Place } from '../log.js';
import { now } from '../now.js';
import { ForgetTimes, idsOf, longestAge, sift, type StoredOnce } from '../once.js';
import { inTransaction } from './in-transaction.js';
import type { SqliteConnection, SqliteStatement } from './sqlite-driver.js';
import type { SqliteNames } from './sqlite-schema.js';

type Prepared = (sql: string) => SqliteStatement;

/** Which ids were stored within the window, in a table beside the log. */
export class SqliteOnce {
  private readonly forgetTimes = new ForgetTimes();

  constructor(private readonly names: SqliteNames) {}

  /** @param insert stores entries as they are */
  store(
    connection: SqliteConnection,
    prepared: Prepared,
    calls: readonly (readonly Entry[])[],
    window: OnceWindow,
    insert: (entries: readonly Entry[]) => Place,
  ): StoredOnce {
    return inTransaction(connection, () => {
      const { entries, refused, digests } = sift(calls, this.known(prepared, idsOf(calls), window));
      if (entries.length === 0) return { first: undefined, entries, refused };
      const first = insert(entries);
      this.remember(prepared, digests);
      if (this.forgetTimes.isDue(entries.length, window)) this.forget(prepared, window);
      return { first, entries, refused };
    });
  }

  private known(prepared: Prepared, ids: readonly string[], window: OnceWindow): Map<string, string> {
    const statement = prepared(
      `SELECT CAST(digest AS BLOB) FROM ${this.names.once} WHERE id = ? AND stored_at >= ?`,
    );
    const since = now() - longestAge(window);
    return new Map(
      ids.flatMap((id) =>
        (statement.all(id, since) as [unknown][]).map(([digest]) => [id, asText(digest)] as const),
      ),
    );
  }

  private remember(prepared: Prepared, digests: ReadonlyMap<string, string>): void {
    const statement = prepared(
      `INSERT OR REPLACE INTO ${this.names.once} (id, digest, stored_at) VALUES (?, ?, ?)`,
    );
    for (const [id, digest] of digests) statement.run(id, digest, now());
  }

  private forget(prepared: Prepared, window: OnceWindow): void {
    const { once } = this.names;
    prepared(
      `DELETE FROM ${once} WHERE stored_at < max(?,
         ifnull((SELECT stored_at FROM ${once} ORDER BY stored_at DESC LIMIT 1 OFFSET ?), 0))`,
    ).run(now() - longestAge(window), (window.maxCount || Number.MAX_SAFE_INTEGER) - 1);
  }
}

import type { OnceWindow } from '../../abilities.js';
import { now } from '../now.js';
import { longestAge, type Sifted } from '../once.js';
import type { SqliteStatement } from './sqlite-driver.js';
import type { SqliteNames } from './sqlite-schema.js';

type Prepared = (sql: string) => SqliteStatement;

/** The digests of what was stored within the window, by id. */
export function knownOnce(
  prepared: Prepared,
  { once }: SqliteNames,
  ids: readonly string[],
  window: OnceWindow,
): ReadonlyMap<string, string> {
  const statement = prepared(`SELECT digest FROM ${once} WHERE id = ? AND stored_at >= ?`);
  const since = now() - longestAge(window);
  return new Map(
    ids.flatMap((id) => (statement.all(id, since) as [string][]).map(([digest]) => [id, digest] as const)),
  );
}

export function rememberOnce(prepared: Prepared, { once }: SqliteNames, { digests }: Sifted): void {
  const statement = prepared(`INSERT OR REPLACE INTO ${once} (id, digest, stored_at) VALUES (?, ?, ?)`);
  for (const [id, digest] of digests) statement.run(id, digest, now());
}

export function forgetOnce(prepared: Prepared, { once }: SqliteNames, window: OnceWindow): void {
  prepared(
    `DELETE FROM ${once} WHERE stored_at < max(?,
       ifnull((SELECT stored_at FROM ${once} ORDER BY stored_at DESC LIMIT 1 OFFSET ?), 0))`,
  ).run(now() - longestAge(window), (window.maxCount || Number.MAX_SAFE_INTEGER) - 1);
}

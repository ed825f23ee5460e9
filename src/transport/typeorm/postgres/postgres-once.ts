import type { OnceWindow } from '../../abilities.js';
import { longestAge, type Sifted } from '../once.js';
import type { Query } from '../line.js';
import type { PostgresNames } from './postgres-schema.js';
import { WRITERS_SPACE, type WritersLock } from './postgres-statements.js';

/** Whoever stores once holds it, so that of two the second finds what the first stored. */
const ONCE_SPACE = WRITERS_SPACE + 3;
const CLOCK = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

/** The digests of what was stored within the window, by id; until the transaction ends nobody else stores once. */
export async function knownOnce(
  query: Query,
  { once }: PostgresNames,
  [, log]: WritersLock,
  ids: readonly string[],
  window: OnceWindow,
): Promise<ReadonlyMap<string, string>> {
  await query(`SELECT pg_advisory_xact_lock(${ONCE_SPACE}, ${log})`);
  const rows = await query(
    `SELECT id, digest FROM ${once} WHERE id = ANY($1::text[]) AND stored_at >= ${CLOCK} - $2::bigint`,
    [ids, longestAge(window)],
  );
  return new Map(rows as [string, string][]);
}

export async function rememberOnce(
  query: Query,
  { once }: PostgresNames,
  { digests }: Sifted,
): Promise<void> {
  await query(
    `INSERT INTO ${once} (id, digest, stored_at)
     SELECT id, digest, ${CLOCK} FROM unnest($1::text[], $2::text[]) AS entry(id, digest)
     ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, stored_at = excluded.stored_at`,
    [[...digests.keys()], [...digests.values()]],
  );
}

export async function forgetOnce(query: Query, { once }: PostgresNames, window: OnceWindow): Promise<void> {
  await query(
    `DELETE FROM ${once} WHERE stored_at < greatest(${CLOCK} - $1::bigint,
       (SELECT stored_at FROM ${once} ORDER BY stored_at DESC LIMIT 1 OFFSET $2::bigint - 1))`,
    [longestAge(window), window.maxCount || Number.MAX_SAFE_INTEGER],
  );
}

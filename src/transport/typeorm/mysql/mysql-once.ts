import type { OnceWindow } from '../../abilities.js';
import { asText } from '../batch.js';
import type { Query } from '../line.js';
import { longestAge, type Sifted } from '../once.js';
import type { MysqlNames } from './mysql-schema.js';
import { CLOCK } from './mysql-statements.js';

/** The digests of what was stored within the window, by id. The counter of places is locked, so that nobody else stores. */
export async function knownOnce(
  query: Query,
  { once }: MysqlNames,
  ids: readonly string[],
  window: OnceWindow,
): Promise<ReadonlyMap<string, string>> {
  const rows = await query(
    `SELECT id, digest FROM ${once} WHERE id IN (?) AND stored_at >= ${CLOCK} - ? FOR UPDATE`,
    [ids.map((id) => Buffer.from(id)), longestAge(window)],
  );
  return new Map(rows.map(([id, digest]) => [asText(id), asText(digest)]));
}

export async function rememberOnce(query: Query, { once }: MysqlNames, { digests }: Sifted): Promise<void> {
  await query(
    `INSERT INTO ${once} (id, digest, stored_at) VALUES ${[...digests].map(() => `(?, ?, ${CLOCK})`).join()}
     ON DUPLICATE KEY UPDATE digest = VALUES(digest), stored_at = VALUES(stored_at)`,
    [...digests].flatMap(([id, digest]) => [Buffer.from(id), digest]),
  );
}

export async function forgetOnce(query: Query, { once }: MysqlNames, window: OnceWindow): Promise<void> {
  await query(`DELETE FROM ${once} WHERE stored_at < ${CLOCK} - ?`, [longestAge(window)]);
  if (window.maxCount === 0) return;
  const [row] = await query(
    `SELECT CAST(stored_at AS CHAR) FROM ${once} ORDER BY stored_at DESC LIMIT 1 OFFSET ?`,
    [window.maxCount - 1],
  );
  if (row) await query(`DELETE FROM ${once} WHERE stored_at < ?`, [asText(row[0])]);
}

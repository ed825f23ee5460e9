import type { AppendKind } from '../../transport.js';
import type { Place } from '../log.js';
import { inTransaction } from './in-transaction.js';
import type { SqliteConnection, SqliteStatement } from './sqlite-driver.js';
import type { SqliteNames } from './sqlite-schema.js';

/** More would stop the process for longer than a page does. */
const STEP_ROWS = 200;

/**
 * One step of dropping rows, with its trim point, in one transaction: of events about subscriptions only those, of updates
 * everything before them.
 *
 * @returns how many rows of the kind went
 */
export function trimStep(
  connection: SqliteConnection,
  prepared: (sql: string) => SqliteStatement,
  { update, meta }: SqliteNames,
  kind: AppendKind,
  upTo: Place,
): number {
  const presence = kind === 'presence';
  const candidates = prepared(
    `SELECT position FROM ${update}
     WHERE presence = ${Number(presence)} AND position <= ? ORDER BY position LIMIT ${STEP_ROWS}`,
  ).all(Number(upTo)) as [number][];
  const last = candidates.at(-1)?.[0];
  if (last === undefined) return 0;
  const column = presence ? 'presence_trimmed' : 'trimmed';
  inTransaction(connection, () => {
    prepared(
      `UPDATE ${meta} SET (${column}, ${column}_id, ${column}_private) =
         (SELECT position, id, private FROM ${update} WHERE position = ?)`,
    ).run(last);
    prepared(`DELETE FROM ${update} WHERE position <= ? ${presence ? 'AND presence = 1' : ''}`).run(last);
  });
  return candidates.length;
}

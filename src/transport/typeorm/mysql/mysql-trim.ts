import type { AppendKind } from '../../transport.js';
import type { Query } from '../line.js';
import type { Place } from '../log.js';
import { asText } from '../batch.js';
import type { MysqlNames } from './mysql-schema.js';

const STEP_ROWS = 1000;

/**
 * One step of dropping rows, with its trim point, as part of a transaction: of events about subscriptions only those, of
 * updates everything before them.
 *
 * @returns how many rows of the kind went
 */
export async function trimStep(
  query: Query,
  { update, meta }: MysqlNames,
  kind: AppendKind,
  upTo: Place,
): Promise<number> {
  const isPresence = kind === 'presence';
  const column = isPresence ? 'presence_trimmed' : 'trimmed';
  // One node at a time: whoever comes second finds these gone.
  await query(`SELECT 1 FROM ${meta} FOR UPDATE`);
  const candidates = await query(
    `SELECT CAST(position AS CHAR), id, private FROM ${update}
     WHERE presence = ${Number(isPresence)} AND position <= ? ORDER BY position LIMIT ${STEP_ROWS}`,
    [String(upTo)],
  );
  const last = candidates.at(-1);
  if (!last) return 0;
  const [position, id, isPrivate] = last;
  await query(`DELETE FROM ${update} WHERE position <= ? ${isPresence ? 'AND presence = 1' : ''}`, [
    asText(position),
  ]);
  await query(
    `UPDATE ${meta} SET ${column} = ?, ${column}_id = ?, ${column}_private = ? WHERE ${column} < ?`,
    [asText(position), Buffer.from(asText(id)), isPrivate, asText(position)],
  );
  return candidates.length;
}

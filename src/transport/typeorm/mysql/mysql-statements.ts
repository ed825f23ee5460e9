import type { AppendKind } from '../../transport.js';
import { PAGE_BYTES, PAGE_UPDATES } from '../../recent-updates.js';
import { bytesOf } from '../../update-ring.js';
import type { Entry, LogState, Place } from '../log.js';
import type { MysqlNames } from './mysql-schema.js';

/** Of one INSERT: a statement is text, in which bytes are written in hexadecimal. */
const MAX_ROWS = 1000;
const MAX_BYTES = 2 * 1024 * 1024;

export interface Statement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** Takes `?` places, and answers the last of them as the insert id. */
export function takeStatement({ position }: MysqlNames): string {
  return `UPDATE ${position} SET taken = LAST_INSERT_ID(taken + ?) WHERE single = 1`;
}

/** The entries from a place on, in as many statements as it takes. */
export function* insertStatements(
  { update }: MysqlNames,
  first: Place,
  entries: readonly Entry[],
): Generator<Statement> {
  let rows: unknown[][] = [];
  let size = 0;
  const flush = (): Statement => {
    const statement = {
      sql: `INSERT INTO ${update} (position, id, topics, private, type, retry, presence, bytes, data, published_at)
        VALUES ${rows.map(() => `(?, ?, ?, ?, ?, ?, ?, ?, ?, ${CLOCK})`).join()}`,
      values: rows.flat(),
    };
    rows = [];
    size = 0;
    return statement;
  };
  for (const [index, { update: each, kind }] of entries.entries()) {
    const bytes = bytesOf(each);
    if (rows.length === MAX_ROWS || (rows.length > 0 && size + bytes > MAX_BYTES)) yield flush();
    size += bytes;
    const { id, topics, type, retry = null, data } = each;
    rows.push([
      String(first + BigInt(index)),
      Buffer.from(id),
      Buffer.from(JSON.stringify(topics)),
      each.private,
      type === undefined ? null : Buffer.from(type),
      retry,
      kind === 'presence',
      bytes,
      Buffer.from(data),
    ]);
  }
  yield flush();
}

/** Milliseconds since 1970. */
export const CLOCK = 'FLOOR(UNIX_TIMESTAMP(NOW(3)) * 1000)';

/** As text: the driver would make something of JSON, where the server says that it is. */
const STATE_COLUMNS = `CONCAT(JSON_ARRAY(CAST(trimmed AS CHAR), HEX(trimmed_id), trimmed_private,
  CAST(presence_trimmed AS CHAR), HEX(presence_trimmed_id), presence_trimmed_private), '')`;

export function stateStatement({ meta }: MysqlNames): string {
  return `SELECT epoch, ${STATE_COLUMNS} FROM ${meta}`;
}

export function toState(epoch: string, columns: string): LogState {
  type Point = [place: string, id: string | null, isPrivate: number | null];
  const [a, b, c, ...rest] = JSON.parse(columns) as [...Point, ...Point];
  const point = (...[place, id, isPrivate]: Point) => ({
    place: BigInt(place),
    id: id === null ? undefined : Buffer.from(id, 'hex').toString('utf8'),
    private: isPrivate === null ? undefined : Boolean(isPrivate),
  });
  return { epoch, trimmed: { update: point(a, b, c), presence: point(...rest) } };
}

/** Values: after, after, until. The first row is the state. A page's end is found by sizes alone. */
export function pageStatement({ update, meta }: MysqlNames): string {
  return `SELECT CAST(position AS CHAR), presence, id, topics, data, private, type, retry FROM (
    (SELECT NULL AS position, 0 AS presence, epoch AS id, ${STATE_COLUMNS} AS topics, NULL AS data, 0 AS private,
      NULL AS type, NULL AS retry FROM ${meta})
    UNION ALL (SELECT position, presence, id, topics, data, private, type, retry FROM ${update}
      WHERE position > ? AND position <= (SELECT MAX(position) FROM (
        SELECT position, SUM(bytes) OVER (ORDER BY position) - bytes AS earlier FROM (
          SELECT position, bytes FROM ${update}
          WHERE position > ? AND position <= ? ORDER BY position LIMIT ${PAGE_UPDATES}) AS candidate) AS sized
        WHERE earlier < ${PAGE_BYTES}))) AS page ORDER BY page.position`;
}

/** Values: after, until. */
export function weighStatement({ update }: MysqlNames, kinds: readonly AppendKind[]): string {
  return `SELECT CAST(position AS CHAR), presence, bytes, CAST(published_at AS CHAR) FROM ${update}
    WHERE position > ? AND position <= ? ${kinds.includes('update') ? '' : 'AND presence = 1'}
    ORDER BY position LIMIT 5000`;
}

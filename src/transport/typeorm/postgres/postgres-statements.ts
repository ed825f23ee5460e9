import type { AppendKind } from '../../transport.js';
import { PAGE_BYTES, PAGE_UPDATES } from '../../recent-updates.js';
import type { LogState } from '../log.js';
import type { PostgresNames } from './postgres-schema.js';

/** A place's lower bits number the entries of one statement. */
export const PLACE_BITS = 20n;

/** The writers' locks of all logs are in a space of their own, and those who make tables in another. */
export const WRITERS_SPACE = 0x6d65_7263;
export const TABLES_SPACE = WRITERS_SPACE + 1;

/** Writers hold it shared from before they take a place until what they wrote is visible or gone. */
export type WritersLock = readonly [space: number, log: number];

/** Whoever drops rows holds it. */
export const TRIM_SPACE = WRITERS_SPACE + 2;
const TRIM_ROWS = 1000;

/** Each statement sees what is committed when it begins, also where the database's default is another. */
export const BEGIN_COMMITTED = 'BEGIN ISOLATION LEVEL READ COMMITTED';

export interface InsertOptions {
  /** Settings for the rest of the transaction, as SQL expressions. */
  readonly settings?: readonly string[];
}

/** $1: heads, $2: data, of a batch. Answers the place of the first entry. */
export function insertStatement(
  { update, position }: PostgresNames,
  [space, log]: WritersLock,
  { settings = [] }: InsertOptions = {},
): string {
  const lock = [`pg_advisory_xact_lock_shared(${space}, ${log})`, ...settings].join(', ');
  // The lock is its own step, and the number drawn from its row: whoever has a place has the lock.
  return `WITH held AS MATERIALIZED (SELECT ${lock}),
    drawn AS MATERIALIZED (SELECT nextval('${position.replaceAll("'", "''")}') << ${PLACE_BITS} AS first FROM held),
    inserted AS (
      INSERT INTO ${update} (position, id, topics, private, type, retry, presence, bytes, published_at, data)
      SELECT first + nth - 1, head->>0, head->>1, head->>2 = '1', head->>3, (head->>4)::bigint, head->>5 = '1',
        (head->>6)::int, (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
        substring($2::bytea FROM (head->>8)::int FOR (head->>9)::int)
      FROM drawn, jsonb_array_elements($1::jsonb) WITH ORDINALITY AS entry(head, nth) ORDER BY nth)
    SELECT first::text FROM drawn`;
}

/** The transaction is answered before its disk has it; a crash of the server loses the last moments. */
export const COMMIT_UNSYNCED = `set_config('synchronous_commit', 'off', true)`;

/** The longest an application's transaction may stand still after it wrote updates: it holds up delivery. Milliseconds. */
export const OUTBOX_IDLE_MS = 10_000;

/** Ends a transaction that stands still; one that is to end sooner stays so. */
export const LIMIT_IDLE = `(SELECT set_config('idle_in_transaction_session_timeout', CASE
  WHEN present <> '0' AND present::interval < '${OUTBOX_IDLE_MS} ms' THEN present ELSE '${OUTBOX_IDLE_MS}' END, true)
  FROM (SELECT current_setting('idle_in_transaction_session_timeout') AS present) AS setting)`;

const STATE_COLUMNS = `json_build_array(trimmed::text, trimmed_id, trimmed_private,
  presence_trimmed::text, presence_trimmed_id, presence_trimmed_private)::text`;

export function stateStatement({ meta }: PostgresNames): string {
  return `SELECT epoch, ${STATE_COLUMNS} FROM ${meta}`;
}

export function toState(epoch: unknown, columns: unknown): LogState {
  const [place, id, isPrivate, presencePlace, presenceId, presencePrivate] = JSON.parse(
    columns as string,
  ) as [string, string | null, boolean | null, string, string | null, boolean | null];
  return {
    epoch: epoch as string,
    trimmed: {
      update: { place: BigInt(place), id: id ?? undefined, private: isPrivate ?? undefined },
      presence: {
        place: BigInt(presencePlace),
        id: presenceId ?? undefined,
        private: presencePrivate ?? undefined,
      },
    },
  };
}

/**
 * $1: after, $2: until. The first row is the state. A page's end is found by sizes alone, so that no data is read that
 * is not sent.
 */
export function pageStatement({ update, meta }: PostgresNames): string {
  return `SELECT position::text, presence, id, topics, data, private, type, retry::text FROM (
    SELECT NULL::bigint AS position, epoch AS id, ${STATE_COLUMNS} AS topics,
      NULL::bytea AS data, false AS private, NULL AS type, NULL::bigint AS retry, false AS presence FROM ${meta}
    UNION ALL (SELECT position, id, topics, data, private, type, retry, presence FROM ${update}
      WHERE position > $1 AND position <= (SELECT max(position) FROM (
        SELECT position, sum(bytes) OVER (ORDER BY position) - bytes AS before FROM (
          SELECT position, bytes FROM ${update}
          WHERE position > $1 AND position <= $2 ORDER BY position LIMIT ${PAGE_UPDATES}) AS candidate) AS sized
        WHERE before < ${PAGE_BYTES}) ORDER BY position)) AS page ORDER BY page.position NULLS FIRST`;
}

/** $1: after, $2: until. */
export function weighStatement({ update }: PostgresNames, kinds: readonly AppendKind[]): string {
  return `SELECT position::text, presence, bytes, published_at::text FROM ${update}
    WHERE position > $1 AND position <= $2 ${kinds.includes('update') ? '' : 'AND presence'}
    ORDER BY position LIMIT 5000`;
}

/**
 * $1: up to where. One step of dropping rows, with its trim point; one node at a time. Of events about subscriptions only
 * those go; of updates everything before them. Answers how many went.
 */
export function trimStatement(
  { update, meta }: PostgresNames,
  [, log]: WritersLock,
  kind: AppendKind,
): string {
  const isPresence = kind === 'presence';
  const column = isPresence ? 'presence_trimmed' : 'trimmed';
  return `WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(${TRIM_SPACE}, ${log}) AS mine),
    going AS MATERIALIZED (SELECT position, id, private FROM ${update}
      WHERE ${isPresence ? 'presence' : 'NOT presence'} AND position <= $1 AND (SELECT mine FROM turn)
      ORDER BY position LIMIT ${TRIM_ROWS}),
    final AS (SELECT * FROM going ORDER BY position DESC LIMIT 1),
    gone AS (DELETE FROM ${update} WHERE position <= (SELECT position FROM final) ${isPresence ? 'AND presence' : ''}),
    told AS (UPDATE ${meta} SET ${column} = final.position, ${column}_id = final.id, ${column}_private = final.private
      FROM final WHERE final.position > ${column})
    SELECT count(*)::int FROM going`;
}

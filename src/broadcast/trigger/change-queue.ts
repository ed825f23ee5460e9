import type { QueueTable } from './trigger-sql.js';

/** What a trigger wrote down of one row. JSON is left as the database spells it: its numbers may be too long for ours. */
export interface QueuedRow {
  readonly source: string;
  readonly operation: 'insert' | 'update' | 'delete' | 'truncate';
  /** The key of the row; null of all rows. */
  readonly key: string | null;
  /** What may be seen of a row that was there; of a new one what says its class. */
  readonly image: string | null;
  readonly originator: string | null;
}

/** The rows of one transaction, in the order in which it wrote. */
export interface QueuedTransaction {
  /** The position of its last row: transactions are told in this order. */
  readonly position: string;
  /** Names it for ever, in this database. */
  readonly name: string;
  readonly rows: readonly QueuedRow[];
}

/** Rows taken at once; a transaction with more is told in parts. */
export const CLAIM_ROWS = 1_000;

/** The statements of the queue. */
export interface ChangeQueueSql {
  /** Whether anything waits, as `waits`. */
  readonly waits: string;
  /** Takes rows out of the queue, with the transaction; takes how many at most. */
  readonly claim: string;
  /** Takes sources and keys as JSON: what waits of the same rows, the first of each. */
  readonly later: string;
  /** The position of the newest row, as `position`. */
  readonly newest: string;
  /** Takes a position: whether a row up to it waits, as `waits`. */
  readonly waitsUpTo: string;
  /** `pending`, and since how many milliseconds the oldest waits, `oldest`. */
  readonly status: string;
}

/**
 * Transactions are taken whole, in the order of their last positions. All rows of one are seen at the same moment; and
 * what begins after another's commit, or waited for it at a row, ends at a higher position and is seen only with it. So
 * whatever is taken first may be told first. Nothing here waits for transactions that are open, this one's or another
 * database's, as a bound by `pg_snapshot_xmin` would.
 *
 * Of a long queue the head alone is looked at: the transactions that end in it come before all others. Where none does,
 * it is one transaction's, or many that are entangled: it is looked on until the first ends.
 */
export function changeQueueSql({ path }: QueueTable): ChangeQueueSql {
  return {
    waits: `SELECT EXISTS (SELECT FROM ${path}) AS waits`,
    claim: `
      WITH head AS (SELECT position, xid FROM ${path} ORDER BY position LIMIT $1),
      ends AS (
        SELECT (SELECT max(position) FROM ${path} q WHERE q.xid = h.xid) AS position
        FROM (SELECT DISTINCT xid FROM head) h),
      bound AS (
        SELECT greatest((SELECT max(position) FROM head), (SELECT min(position) FROM ends)) AS position),
      whole AS (
        SELECT xid, last FROM (
          SELECT xid, (SELECT max(position) FROM ${path} q WHERE q.xid = b.xid) AS last FROM (
            SELECT DISTINCT xid FROM ${path} WHERE position <= (SELECT position FROM bound)) b) e
        WHERE last <= (SELECT position FROM bound)),
      claimed AS (
        SELECT r.position, w.last FROM whole w CROSS JOIN LATERAL (
          SELECT position FROM ${path} q WHERE q.xid = w.xid ORDER BY position LIMIT $1) r
        ORDER BY w.last, r.position LIMIT $1),
      gone AS (
        DELETE FROM ${path} WHERE position = ANY (ARRAY(SELECT position FROM claimed))
        RETURNING *, tableoid AS life)
      SELECT last, life || ' ' || xid || ' ' || last AS name,
        source, operation, key::text, image::text, originator
      FROM gone JOIN claimed USING (position) ORDER BY last, position`,
    later: `
      SELECT DISTINCT ON (q.source, q.key) q.source, q.operation, q.key::text, q.image::text, q.originator
      FROM jsonb_to_recordset($1::jsonb) AS r(source text, key jsonb)
      JOIN ${path} q ON q.source = r.source AND q.key = r.key
      ORDER BY q.source, q.key, q.position`,
    newest: `SELECT max(position) AS position FROM ${path}`,
    waitsUpTo: `SELECT EXISTS (SELECT FROM ${path} WHERE position <= $1) AS waits`,
    status:
      'SELECT count(*) AS pending, ' +
      `coalesce(extract(epoch FROM clock_timestamp() - min(written_at)) * 1000, 0) AS oldest FROM ${path}`,
  };
}

/** Reads what `ChangeQueueSql.claim` gives. */
export function toTransactions(found: unknown): QueuedTransaction[] {
  const transactions = new Map<string, { position: string; name: string; rows: QueuedRow[] }>();
  for (const { last, name, ...row } of found as (QueuedRow & { last: string; name: string })[]) {
    const known = transactions.get(name);
    if (known) known.rows.push(row);
    else transactions.set(name, { position: last, name, rows: [row] });
  }
  return [...transactions.values()];
}

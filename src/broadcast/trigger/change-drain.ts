import type { DataSource, QueryRunner } from 'typeorm';
import { MercureError } from '../../errors.js';
import { BroadcastCounter } from '../broadcast-counts.js';
import { fateOf } from '../bulk-plan.js';
import { type Change, unnamedRows, whatOf } from '../change.js';
import type { LedWork } from '../outbox/leader.js';
import type { OutboxHub } from '../outbox/outbox-hub.js';
import type { OutboxRow } from '../outbox/outbox-rows.js';
import type { OutboxEntry } from '../outbox/outbox.js';
import type { OutboxSession } from '../outbox/outbox-session.js';
import type { RowPublisher } from '../outbox/row-publisher.js';
import type { Broadcasting } from '../publish-queue.js';
import { type Telling, tellChanges } from '../tell-changes.js';
import {
  type ChangeQueueSql,
  CLAIM_ROWS,
  type QueuedRow,
  type QueuedTransaction,
  toTransactions,
} from './change-queue.js';
import { isPassing } from './passing-fault.js';
import { type QueuedChanges, QueuedChangeReader } from './queued-changes.js';
import { stableId } from './stable-id.js';

export interface ChangeDrainOptions {
  readonly dataSource: DataSource;
  readonly session: OutboxSession;
  readonly sql: ChangeQueueSql;
  readonly hub: OutboxHub;
  readonly publisher: RowPublisher;
  readonly telling: Telling;
}

/**
 * Publishes what triggers wrote down, transaction by transaction: it is taken out of the queue by a transaction that is
 * committed when the hub has the updates. What it ends before that is told again, under the same ids.
 */
export class ChangeDrain implements LedWork {
  readonly #reader: QueuedChangeReader;
  /** Of what the hub may refuse. */
  readonly #entities = new WeakMap<OutboxEntry, string>();

  constructor(private readonly options: ChangeDrainOptions) {
    const { dataSource, telling } = options;
    this.#reader = new QueuedChangeReader(dataSource, telling.plans, telling.faults);
  }

  async led(): Promise<void> {
    this.options.publisher.doubt((await this.newest()) ?? 0);
  }

  async work(): Promise<boolean> {
    const { session, sql, publisher } = this.options;
    if (!first(await session.query(sql.waits))['waits']) return false;
    let last: string | undefined;
    // Everything is read as of one moment: what is taken, what waits behind it, and the rows.
    await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    try {
      const transactions = toTransactions(await session.query(sql.claim, [CLAIM_ROWS]));
      last = transactions.at(-1)?.position;
      const later = (await session.query(sql.later, [namesOf(transactions)])) as QueuedRow[];
      const moment = first(await session.query('SELECT pg_export_snapshot() AS name'))['name'];
      // What ends before the commit is told, and counted, again.
      const counts = new BroadcastCounter();
      const rows = await this.#tellAll(transactions, later, String(moment), counts);
      const refused = await publisher.publish(rows);
      await session.query('COMMIT');
      this.#count(rows, refused, counts);
      return true;
    } catch (error) {
      if (last !== undefined) publisher.doubt(last);
      // Where that fails, too, the session is given up with the transaction.
      await session.query('ROLLBACK');
      throw error;
    }
  }

  /** Committed rows only: the leader's own session sees its queue without what it has taken. */
  async newest(): Promise<unknown> {
    const { dataSource, sql } = this.options;
    return first(await dataSource.query(sql.newest))['position'];
  }

  async isDone(upTo: unknown): Promise<boolean> {
    const { dataSource, sql } = this.options;
    return !first(await dataSource.query(sql.waitsUpTo, [upTo]))['waits'];
  }

  async #tellAll(
    transactions: readonly QueuedTransaction[],
    later: readonly QueuedRow[],
    moment: string,
    counts: BroadcastCounter,
  ): Promise<OutboxRow[]> {
    const runner = this.options.dataSource.createQueryRunner();
    try {
      await runner.startTransaction('REPEATABLE READ');
      await runner.query(`SET TRANSACTION SNAPSHOT '${moment}'`);
      const read = await this.#reader.read(transactions, later, runner);
      const rows: OutboxRow[] = [];
      for (const [index, transaction] of transactions.entries()) {
        rows.push(await this.#tell(transaction, read[index]!, runner, counts));
      }
      return rows;
    } finally {
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
      await runner.release();
    }
  }

  async #tell(
    { position, name }: QueuedTransaction,
    read: QueuedChanges,
    runner: QueryRunner,
    counts: BroadcastCounter,
  ): Promise<OutboxRow> {
    const telling: Telling = {
      ...this.options.telling,
      counts,
      isPassing,
      leftBy: ({ key }) => read.left.get(key),
      idOf: (update) => stableId(`${name} ${update}`),
    };
    try {
      // What the queue says has happened, whatever has become of the row since.
      const broadcasts = await tellChanges(this.#changesOf(read, counts), runner, telling, { certain: true });
      return { position, entries: broadcasts.flatMap((each) => this.#entryOf(each, counts)) };
    } catch (error) {
      // What fails for ever must not hold up what is behind it.
      if (isPassing(error)) throw error;
      counts.addChanges('failed', read.changes);
      telling.faults.error('Broadcast of a transaction', error, LEFT_OUT);
      return { position, entries: [] };
    }
  }

  #count(
    rows: readonly OutboxRow[],
    refused: readonly Pick<OutboxRow, 'entries'>[],
    counts: BroadcastCounter,
  ): void {
    const lost = new Set(refused.flatMap(({ entries }) => entries));
    for (const entry of rows.flatMap(({ entries }) => entries)) {
      counts.add(lost.has(entry) ? 'failed' : 'published', this.#entities.get(entry)!);
    }
    this.options.telling.counts.merge(counts);
  }

  #changesOf({ changes, unnamed }: QueuedChanges, counts: BroadcastCounter): Change[] {
    const { plans, faults } = this.options.telling;
    const bulk = unnamed.flatMap(({ operation, metadata }) => {
      counts.add('bulk', metadata.name);
      const fates = new Set(plans.of(metadata)?.map((plan) => fateOf(plan.bulk, false)));
      if (fates.has('warn')) {
        faults.warn(
          `${whatOf({ operation, metadata })}: a TRUNCATE does not say which rows it removed, and was not told to ` +
            'followers. Use DELETE, or let the option "bulk" say what becomes of it.',
        );
      }
      return fates.has('collection') ? unnamedRows(operation, metadata, false) : [];
    });
    return [...changes, ...bulk];
  }

  /** What the hub will not take later either is told, and left out. */
  #entryOf({ what, update, entity }: Broadcasting, counts: BroadcastCounter): OutboxEntry[] {
    try {
      const entry = { what, update: this.options.hub.make(update) };
      this.#entities.set(entry, entity);
      return [entry];
    } catch (error) {
      if (!(error instanceof MercureError) || error.status >= 500) throw error;
      counts.add('failed', entity);
      this.options.telling.faults.error(what, error, `${error.remedy} Until then followers must read again.`);
      return [];
    }
  }
}

const LEFT_OUT = 'It is left out; until they change again, followers must read its rows again.';

/** The rows that changed, in JSON. */
function namesOf(transactions: readonly QueuedTransaction[]): string {
  const rows = transactions.flatMap(({ rows }) => rows).filter(({ key }) => key !== null);
  const names = new Set(rows.map(({ source, key }) => `{"source":${JSON.stringify(source)},"key":${key}}`));
  return `[${[...names].join()}]`;
}

function first(rows: unknown): Record<string, unknown> {
  return (rows as Record<string, unknown>[])[0]!;
}

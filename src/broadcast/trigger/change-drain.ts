import type { DataSource } from 'typeorm';
import { MercureError } from '../../errors.js';
import { fateOf } from '../bulk-plan.js';
import { type Change, unnamedRows } from '../change.js';
import type { LedWork } from '../outbox/leader.js';
import type { OutboxHub } from '../outbox/outbox-hub.js';
import type { OutboxRow } from '../outbox/outbox-rows.js';
import type { OutboxEntry } from '../outbox/outbox.js';
import type { OutboxSession } from '../outbox/outbox-session.js';
import type { RowPublisher } from '../outbox/row-publisher.js';
import { type Telling, tellChanges, whatOf } from '../tell-changes.js';
import { type ChangeQueueSql, CLAIM_ROWS, type QueuedTransaction, toTransactions } from './change-queue.js';
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

  constructor(private readonly options: ChangeDrainOptions) {
    this.#reader = new QueuedChangeReader(options.dataSource, options.telling.plans);
  }

  async led(): Promise<void> {
    this.options.publisher.doubt((await this.newest()) ?? 0);
  }

  async work(): Promise<boolean> {
    const { session, sql, publisher } = this.options;
    if (!first(await session.query(sql.waits))['waits']) return false;
    let last: string | undefined;
    await session.query('BEGIN ISOLATION LEVEL READ COMMITTED');
    try {
      const transactions = toTransactions(await session.query(sql.claim, [CLAIM_ROWS]));
      last = transactions.at(-1)?.position;
      const rows: OutboxRow[] = [];
      for (const { position, entries } of await this.#tellAll(transactions)) rows.push({ position, entries });
      await publisher.publish(rows);
      await session.query('COMMIT');
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

  async #tellAll(transactions: readonly QueuedTransaction[]): Promise<OutboxRow[]> {
    const runner = this.options.dataSource.createQueryRunner();
    try {
      const rows: OutboxRow[] = [];
      for (const { position, name, rows: queued } of transactions) {
        const telling: Telling = {
          ...this.options.telling,
          isPassing,
          idOf: (update) => stableId(`${name} ${update}`),
        };
        try {
          const changes = this.#changesOf(await this.#reader.read(queued, runner));
          // What the queue says has happened, whatever has become of the row since.
          const broadcasts = await tellChanges(changes, runner, telling, { certain: true });
          rows.push({ position, entries: broadcasts.flatMap((each) => this.#entryOf(each)) });
        } catch (error) {
          if (isPassing(error)) throw error;
          this.options.telling.faults.error(
            'Broadcast of a transaction',
            error,
            'It is left out of the queue; its followers must read again.',
          );
        }
      }
      return rows;
    } finally {
      await runner.release();
    }
  }

  #changesOf({ changes, unnamed }: QueuedChanges): Change[] {
    const { plans, faults } = this.options.telling;
    const bulk = unnamed.flatMap(({ operation, metadata }) => {
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
  #entryOf({ what, update }: { what: string; update: Parameters<OutboxHub['make']>[0] }): OutboxEntry[] {
    try {
      return [{ what, update: this.options.hub.make(update) }];
    } catch (error) {
      if (!(error instanceof MercureError) || error.status >= 500) throw error;
      this.options.telling.faults.error(what, error, `${error.remedy} Until then followers must read again.`);
      return [];
    }
  }
}

function first(rows: unknown): Record<string, unknown> {
  return (rows as Record<string, unknown>[])[0]!;
}

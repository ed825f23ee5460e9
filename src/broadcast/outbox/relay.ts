import type { FaultLog } from '../fault-log.js';
import { Leader, type LedWork } from './leader.js';
import type { OutboxStatus } from './outbox.js';
import type { OutboxSession } from './outbox-session.js';
import { toRows } from './outbox-rows.js';
import type { OutboxSql } from './outbox-sql.js';
import type { RowPublisher } from './row-publisher.js';

export interface RelayOptions {
  readonly session: OutboxSession;
  readonly sql: OutboxSql;
  readonly publisher: RowPublisher;
  readonly faults: FaultLog;
}

/** Publishes what is in an outbox's table, in order, and deletes what is published. */
export class Relay implements LedWork {
  readonly #leader: Leader;

  constructor(private readonly options: RelayOptions) {
    const { session, faults } = options;
    this.#leader = new Leader({ session, work: this, faults, fault: 'The outbox is not published' });
  }

  start(): void {
    this.#leader.start();
  }

  /** Something was committed. */
  wake(): void {
    this.#leader.wake();
  }

  /** Resolves when what waits now is published, by whom ever; or when the relay is closed. */
  flush(): Promise<void> {
    return this.#leader.flush();
  }

  async status(): Promise<OutboxStatus> {
    const { session, sql } = this.options;
    const { pending, refused, oldest } = first(await session.query(sql.status));
    return {
      pending: Number(pending ?? 0),
      oldestMs: oldest === null ? 0 : Math.max(0, Date.now() - Number(oldest)),
      refused: Number(refused),
      leading: this.#leader.isLeading,
    };
  }

  close(): Promise<void> {
    return this.#leader.close();
  }

  async led(): Promise<void> {
    this.options.publisher.doubt((await this.newest()) ?? 0);
  }

  async work(): Promise<boolean> {
    const { session, sql, publisher } = this.options;
    const rows = toRows(await session.query(sql.oldest));
    if (rows.length === 0) return false;
    try {
      const refused = await publisher.publish(rows);
      for (const { position, entries, reason } of refused) {
        await session.query(sql.refuse, [reason, JSON.stringify(entries), position]);
      }
      const aside = new Set(refused.map(({ position }) => position));
      const done = rows.map(({ position }) => position).filter((position) => !aside.has(position));
      if (done.length > 0) await session.query(sql.remove(done.length), done);
    } catch (error) {
      publisher.doubt(rows.at(-1)!.position);
      throw error;
    }
    return true;
  }

  async newest(): Promise<unknown> {
    const { session, sql } = this.options;
    return first(await session.query(sql.newest))['position'];
  }

  async isDone(upTo: unknown): Promise<boolean> {
    const { session, sql } = this.options;
    return Number(first(await session.query(sql.upTo, [upTo]))['pending']) === 0;
  }
}

function first(rows: unknown): Record<string, unknown> {
  return (rows as Record<string, unknown>[])[0]!;
}

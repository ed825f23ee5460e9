import { setTimeout as delay } from 'node:timers/promises';
import { MercureError } from '../../errors.js';
import type { FaultLog } from '../fault-log.js';
import { Bell } from './bell.js';
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

/** Milliseconds after which a leader looks for what other processes have written, unheard. */
const LOOK_MS = 100;
/** Milliseconds after which somebody who does not lead tries to. */
const CAMPAIGN_MS = 1_000;
/** Milliseconds before what failed is tried again: at first, and at most. */
const PAUSE_MS = { first: 100, most: 5_000 };
/** Milliseconds the end waits for what is being published. */
const CLOSE_MS = 2_000;

/**
 * Publishes what is in an outbox's table, in order, and deletes what is published. One process leads for each table,
 * and another takes over when it is gone. What cannot be published now is tried again, for ever.
 */
export class Relay {
  readonly #bell = new Bell();
  readonly #progress = new Bell();
  readonly #end = new AbortController();
  #running: Promise<void> | undefined;
  #leading = false;
  #pauseMs = 0;

  constructor(private readonly options: RelayOptions) {}

  start(): void {
    this.#running ??= this.#run();
  }

  /** Something was committed. */
  wake(): void {
    this.#bell.ring();
  }

  /** Resolves when what waits now is published, by whom ever; or when the relay is closed. */
  async flush(): Promise<void> {
    const { session, sql } = this.options;
    let newest: unknown;
    while (!this.#end.signal.aborted) {
      try {
        newest ??= first(await session.query(sql.newest))['position'];
        if (newest === null) return;
        const { pending } = first(await session.query(sql.upTo, [newest]));
        if (Number(pending) === 0) return;
      } catch {
        // The loop meets the same error, and tells it.
      }
      this.wake();
      await this.#progress.heard(LOOK_MS);
    }
  }

  async status(): Promise<OutboxStatus> {
    const { session, sql } = this.options;
    const { pending, refused, oldest } = first(await session.query(sql.status));
    return {
      pending: Number(pending ?? 0),
      oldestMs: oldest === null ? 0 : Math.max(0, Date.now() - Number(oldest)),
      refused: Number(refused),
      leading: this.#leading,
    };
  }

  async close(): Promise<void> {
    this.#end.abort();
    this.wake();
    this.#progress.ring();
    // Half of a batch, published and not deleted, is looked for by whoever goes on: nothing is lost by not waiting.
    await Promise.race([this.#running, delay(CLOSE_MS, undefined, { ref: false })]);
    await this.options.session.close();
  }

  async #run(): Promise<void> {
    while (!this.#end.signal.aborted) {
      try {
        if (this.#leading || (await this.#campaign())) await this.#relay();
        else await this.#pause(CAMPAIGN_MS);
        this.#pauseMs = 0;
      } catch (error) {
        await this.#failed(error);
      }
    }
  }

  async #campaign(): Promise<boolean> {
    const { session, sql, publisher } = this.options;
    if (!(await session.lead())) return false;
    // Whoever led before may have published what it could not delete any more.
    publisher.doubt(first(await session.query(sql.newest))['position'] ?? 0);
    this.#leading = true;
    return true;
  }

  async #relay(): Promise<void> {
    const { session, sql, publisher } = this.options;
    const rows = toRows(await session.query(sql.oldest));
    if (rows.length === 0) return this.#bell.heard(LOOK_MS);
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
    this.#progress.ring();
  }

  /** Errors of the hub cost nothing here; after one of the database, nobody knows whether the lock is still held. */
  async #failed(error: unknown): Promise<void> {
    if (this.#end.signal.aborted) return;
    this.#pauseMs = Math.min(PAUSE_MS.most, this.#pauseMs * 2 || PAUSE_MS.first);
    this.options.faults.error('The outbox is not published', error, 'It is kept, and tried again.');
    if (!(error instanceof MercureError)) {
      this.#leading = false;
      await this.options.session.reset();
    }
    await this.#pause(this.#pauseMs);
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { ref: false, signal: this.#end.signal }).catch(() => undefined);
  }
}

function first(rows: unknown): Record<string, unknown> {
  return (rows as Record<string, unknown>[])[0]!;
}

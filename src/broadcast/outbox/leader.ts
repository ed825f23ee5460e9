import { setTimeout as delay } from 'node:timers/promises';
import { MercureError } from '../../errors.js';
import type { FaultLog } from '../fault-log.js';
import { Bell } from './bell.js';
import type { OutboxSession } from './outbox-session.js';

/** What the rows of a table are waiting for: one process of all does it. */
export interface LedWork {
  /** This process leads from now on. Whoever led before may have done what it could not delete any more. */
  led(): Promise<void>;

  /** Does what there is to do, and says whether there was anything. */
  work(): Promise<boolean>;

  /** The position of the newest row that waits; null where none does. */
  newest(): Promise<unknown>;

  /** Whether no row up to a position waits any more. */
  isDone(upTo: unknown): Promise<boolean>;
}

export interface LeaderOptions {
  readonly session: OutboxSession;
  readonly work: LedWork;
  readonly faults: FaultLog;
  /** What failed when work does, as the beginning of a line in the log. */
  readonly fault: string;
}

/** Milliseconds after which a leader looks for what other processes have written, unheard. */
const LOOK_MS = 100;
/** Milliseconds after which somebody who does not lead tries to. */
const CAMPAIGN_MS = 1_000;
/** Milliseconds before what failed is tried again: at first, and at most. */
const PAUSE_MS = { first: 100, most: 5_000 };
/** Milliseconds the end waits for what is being done. */
const CLOSE_MS = 2_000;

/**
 * Works off the rows of a table. One process leads for each table, and another takes over when it is gone. What cannot
 * be done now is tried again, for ever.
 */
export class Leader {
  readonly #bell = new Bell();
  readonly #progress = new Bell();
  readonly #end = new AbortController();
  #running: Promise<void> | undefined;
  #leading = false;
  #pauseMs = 0;

  constructor(private readonly options: LeaderOptions) {}

  /** Whether this process is the one. */
  get isLeading(): boolean {
    return this.#leading;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Something was committed. */
  wake(): void {
    this.#bell.ring();
  }

  /** Resolves when what waits now is done, by whom ever; or when this is closed. */
  async flush(): Promise<void> {
    const { work } = this.options;
    let newest: unknown;
    while (!this.#end.signal.aborted) {
      try {
        newest ??= await work.newest();
        if (newest === null || (await work.isDone(newest))) return;
      } catch {
        // The loop meets the same error, and tells it.
      }
      this.wake();
      await this.#progress.heard(LOOK_MS);
    }
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
        if (this.#leading || (await this.#campaign())) await this.#lead();
        else await this.#pause(CAMPAIGN_MS);
        this.#pauseMs = 0;
      } catch (error) {
        await this.#failed(error);
      }
    }
  }

  async #campaign(): Promise<boolean> {
    if (!(await this.options.session.lead())) return false;
    await this.options.work.led();
    this.#leading = true;
    return true;
  }

  async #lead(): Promise<void> {
    if (await this.options.work.work()) this.#progress.ring();
    else await this.#bell.heard(LOOK_MS);
  }

  /** Errors of the hub cost nothing here; after one of the database, nobody knows whether the lock is still held. */
  async #failed(error: unknown): Promise<void> {
    if (this.#end.signal.aborted) return;
    this.#pauseMs = Math.min(PAUSE_MS.most, this.#pauseMs * 2 || PAUSE_MS.first);
    this.options.faults.error(this.options.fault, error, 'It is kept, and tried again.');
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

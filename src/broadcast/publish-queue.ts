import { setTimeout as delay } from 'node:timers/promises';
import { MercureError, type MercureErrorCode } from '../errors.js';
import type { UpdateInput } from '../update/update.js';
import type { UpdatePublisher } from './broadcast-port.js';
import type { Telling } from './tell-changes.js';
import { type Pace, UpdateWindow } from './update-window.js';

/** An update on its way to the hub. */
export interface Broadcasting {
  readonly update: UpdateInput;
  /** Entity and operation, as the beginning of a line in the log. */
  readonly what: string;
  /** The entity's name. */
  readonly entity: string;
  /** The row it is about: `Change.key`. */
  readonly row?: string;
  /** Whether it may wait for a later one. Default: it is told at once. */
  readonly pace?: Pace | undefined;
}

/** A place in the order of publication. */
export interface QueueEntry {
  /** Updates it stands for at most. */
  readonly size: number;
  /** What it stands for, where that is settled: it may go along with what is before it. Default: it waits its turn. */
  readonly settled?: readonly Broadcasting[] | undefined;
  /** Called once, when its turn comes. Never rejects. */
  take(): Promise<readonly Broadcasting[]>;
}

export interface QueueBounds {
  /** Updates waiting, past which broadcasts are dropped rather than the application's memory spent. */
  readonly maxPending: number;
  /** Milliseconds the others wait for an entry, later it goes to the end; and for a hub that is busy. */
  readonly maxWaitMs: number;
}

const BOUNDS: QueueBounds = { maxPending: 10_000, maxWaitMs: 10_000 };
/** Updates that are handed over at once, about. */
const TOGETHER = 500;
const LATE = Symbol('late');
const BUSY: readonly MercureErrorCode[] = ['HUB_OVERLOADED', 'TRANSPORT_UNAVAILABLE'];

/**
 * The one line in which broadcasts reach the hub: a place is taken before COMMIT is sent, so that of two transactions
 * that wrote the same row the one that committed first is told first. Nobody who writes ever waits here.
 */
export class PublishQueue {
  readonly #entries: QueueEntry[] = [];
  readonly #window = new UpdateWindow(
    (key) =>
      void this.add({ size: 1, take: () => Promise.resolve(this.#window.release(key)) }, { always: true }),
    ({ entity }) => this.telling.counts.add('coalesced', entity),
  );
  #pending = 0;
  #running: Promise<void> | undefined;

  constructor(
    private readonly publisher: UpdatePublisher,
    private readonly telling: Pick<Telling, 'faults' | 'counts'>,
    private readonly bounds: QueueBounds = BOUNDS,
  ) {}

  /** The last entry whose turn has not come: what happens next may be put into it without changing any order. */
  get tail(): QueueEntry | undefined {
    return this.#entries.at(-1);
  }

  /**
   * Takes the next place. Where the hub is too far behind the entry is dropped, and that is told.
   *
   * @param always for what had been admitted before
   * @returns whether it was taken
   */
  add(entry: QueueEntry, { always = false } = {}): boolean {
    if (!always && !this.admits()) return false;
    this.#entries.push(entry);
    this.#pending += entry.size;
    this.#running ??= this.#run();
    return true;
  }

  /** Whether one more update may wait; an entry of the tail grows by one where it may. */
  admits(): boolean {
    if (this.#pending < this.bounds.maxPending) return true;
    this.telling.faults.error(
      'Broadcasts are dropped',
      `the hub is ${this.bounds.maxPending} updates behind`,
      'Find out why the hub takes none; clients that followed meanwhile must read again.',
    );
    return false;
  }

  /** An entry that waits has grown by one update. */
  grown(): void {
    this.#pending += 1;
  }

  /** Resolves when everything that waited has been handed to the hub, or given up. */
  async flush(): Promise<void> {
    await this.#idle();
    this.#window.releaseAll();
    await this.#idle();
  }

  async #idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    // The caller is inside an event; its siblings of the same statement still join the entry.
    await Promise.resolve();
    for (let entry = this.#shift(); entry; entry = this.#shift()) await this.#handOver(entry);
    this.#running = undefined;
  }

  #shift(): QueueEntry | undefined {
    const entry = this.#entries.shift();
    if (entry) this.#pending -= entry.size;
    return entry;
  }

  async #handOver(entry: QueueEntry): Promise<void> {
    const taken = entry.take();
    const updates = await this.#inTime(taken);
    if (typeof updates !== 'symbol') return this.#publish(this.#window.admit(this.#withSettled(updates)));
    this.telling.faults.error(
      'Broadcasts are out of order',
      `a transaction or a read was not over after ${this.bounds.maxWaitMs} ms`,
      'End every transaction; a connection that is released while one is open never tells its end.',
    );
    void taken.then((updates) => this.add({ size: updates.length, take: () => Promise.resolve(updates) }));
  }

  /**
   * What has been committed meanwhile goes along: one append for many transactions. With one for each a log in
   * PostgreSQL took 600 a second, and two hundred writers committed more.
   */
  #withSettled(updates: readonly Broadcasting[]): readonly Broadcasting[] {
    const together = [...updates];
    while (together.length < TOGETHER && this.#entries[0]?.settled) together.push(...this.#shift()!.settled!);
    return together;
  }

  /** A timer by hand: one that an AbortController ends makes an error with a stack, 40 µs of each transaction. */
  #inTime<T>(taken: Promise<T>): Promise<T | typeof LATE> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(LATE), this.bounds.maxWaitMs).unref();
      void taken.then((value) => {
        clearTimeout(timer);
        resolve(value);
      });
    });
  }

  async #publish(broadcasts: readonly Broadcasting[]): Promise<void> {
    if (broadcasts.length === 0) return;
    try {
      await this.#send(broadcasts.map(({ update }) => update));
      this.telling.counts.addAll('published', broadcasts);
    } catch (error) {
      // One update that is refused for what it is must not take the others along.
      const culprit = error instanceof MercureError && error.status < 500;
      if (culprit && broadcasts.length > 1) for (const each of broadcasts) await this.#publish([each]);
      else this.#lost(broadcasts, error);
    }
  }

  /** A hub that is busy is asked again, less and less often; what comes meanwhile waits, up to the bound. */
  async #send(updates: readonly UpdateInput[]): Promise<void> {
    const deadline = performance.now() + this.bounds.maxWaitMs;
    for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 2, 1_000)) {
      try {
        return await this.publisher.publishAll(updates);
      } catch (error) {
        const busy = error instanceof MercureError && BUSY.includes(error.code);
        if (!busy || performance.now() + pauseMs > deadline) throw error;
        await delay(pauseMs);
      }
    }
  }

  #lost(broadcasts: readonly Broadcasting[], error: unknown): void {
    const { faults, counts } = this.telling;
    const remedy = error instanceof MercureError ? error.remedy : 'Find out why the hub takes none.';
    counts.addAll('failed', broadcasts);
    for (const what of new Set(broadcasts.map((each) => each.what))) {
      faults.error(what, error, `${remedy} Until then followers must read again.`);
    }
  }
}

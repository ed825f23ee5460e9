import { MercureError } from '../../errors.js';
import type { OnceWindow } from '../abilities.js';
import { closed, idConflict } from '../refusals.js';
import { bytesOf } from '../update-ring.js';
import type { Entry, Place } from './log.js';
import type { StoredOnce } from './once.js';
import { asUnavailable, StoreFault, unavailable } from './store-fault.js';

/** What one statement takes. */
const MAX_BATCH_ENTRIES = 2000;
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
/** What may wait while the store is away or slow. */
const MAX_QUEUED_ENTRIES = 20_000;
const MAX_QUEUED_BYTES = 32 * 1024 * 1024;
/** Between two tries. Milliseconds. */
const RETRY_MS = 100;

/** One `append`, waiting. */
interface Waiting {
  readonly entries: readonly Entry[];
  /** Where each publication is to be stored once within it. */
  readonly window: OnceWindow | undefined;
  readonly bytes: number;
  readonly deadline: number;
  readonly resolve: () => void;
  readonly reject: (error: MercureError) => void;
  settled: boolean;
}

export interface AppendQueueOptions {
  /** Waits for its turn until a deadline, by `performance.now()`. */
  readonly insert: (entries: readonly Entry[], deadline: number) => Promise<Place>;
  /** Stores what of several appends was not stored within a window. */
  readonly insertOnce: (
    calls: readonly (readonly Entry[])[],
    window: OnceWindow,
    deadline: number,
  ) => Promise<StoredOnce>;
  /** Told what was stored, before those who appended it. */
  readonly stored: (first: Place, entries: readonly Entry[]) => void;
  /** How long an append may take. Milliseconds. */
  readonly timeoutMs: () => number;
}

/**
 * Group commit: what is appended while a statement is under way, or in one tick, is the next statement. Appends are
 * stored in the order in which they were made, and each is acknowledged when its statement is committed.
 */
export class AppendQueue {
  /** Why the store took nothing when it was last asked; undefined: it took it. */
  fault: StoreFault | undefined;
  private waiting: Waiting[] = [];
  private queuedEntries = 0;
  private queuedBytes = 0;
  private running = false;
  private closed = false;

  constructor(private readonly options: AppendQueueOptions) {}

  /** @param window where each publication is to be stored once within it */
  append(entries: readonly Entry[], window?: OnceWindow): Promise<void> {
    if (this.closed) return Promise.reject(closed());
    const bytes = entries.reduce((sum, { update }) => sum + bytesOf(update), 0);
    const isOver =
      this.queuedEntries + entries.length > MAX_QUEUED_ENTRIES || this.queuedBytes + bytes > MAX_QUEUED_BYTES;
    // What is larger than the bound by itself is taken when nothing else waits.
    if (isOver && this.queuedEntries > 0) {
      return Promise.reject(unavailable(this.fault?.reason ?? 'it takes less than is published'));
    }
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + this.options.timeoutMs();
      this.waiting.push({ entries, window, bytes, deadline, resolve, reject, settled: false });
      this.queuedEntries += entries.length;
      this.queuedBytes += bytes;
      if (!this.running) void this.run();
    });
  }

  /** Refuses what comes; resolves when what waited is stored or refused. */
  async close(): Promise<void> {
    this.closed = true;
    while (this.running) await new Promise((resume) => setTimeout(resume, 5));
  }

  private async run(): Promise<void> {
    this.running = true;
    // Everything published in this tick travels together.
    await new Promise<void>((endOfTick) => setImmediate(endOfTick));
    while (this.waiting.length > 0) {
      await this.store(this.takeBatch());
    }
    this.running = false;
  }

  private takeBatch(): Waiting[] {
    const [first] = this.waiting;
    let entries = 0;
    let bytes = 0;
    const count = this.waiting.findIndex((each) => {
      entries += each.entries.length;
      bytes += each.bytes;
      if (each.window?.maxAgeMs !== first!.window?.maxAgeMs) return true;
      if (each.window?.maxCount !== first!.window?.maxCount) return true;
      return entries > MAX_BATCH_ENTRIES || bytes > MAX_BATCH_BYTES;
    });
    const batch = this.waiting.splice(0, count === -1 ? this.waiting.length : Math.max(1, count));
    for (const each of batch) {
      this.queuedEntries -= each.entries.length;
      this.queuedBytes -= each.bytes;
    }
    return batch;
  }

  /** Until it is stored, refused, or over its time. */
  private async store(batch: readonly Waiting[]): Promise<void> {
    const guard = setInterval(() => this.refuseLate(batch), 250);
    try {
      for (let left = batch; left.length > 0; left = batch.filter(({ settled }) => !settled)) {
        await this.tryOnce(left);
      }
    } finally {
      clearInterval(guard);
    }
  }

  private async tryOnce(batch: readonly Waiting[]): Promise<void> {
    try {
      const { first, entries, refused } = await this.insert(batch);
      this.fault = undefined;
      if (first !== undefined) this.options.stored(first, entries);
      for (const [number, each] of batch.entries()) {
        const conflicting = refused.get(number);
        settle(each, conflicting === undefined ? undefined : idConflict(conflicting));
      }
    } catch (error) {
      await this.afterFault(batch, error);
    }
  }

  private async insert(batch: readonly Waiting[]): Promise<StoredOnce> {
    const { window } = batch[0]!;
    const deadline = Math.min(...batch.map((each) => each.deadline));
    const calls = batch.map(({ entries }) => entries);
    if (window) return this.options.insertOnce(calls, window, deadline);
    const entries = calls.flat();
    return { first: await this.options.insert(entries, deadline), entries, refused: new Map() };
  }

  private async afterFault(batch: readonly Waiting[], error: unknown): Promise<void> {
    const kind = error instanceof StoreFault ? error.kind : 'lost';
    if (kind === 'data') {
      // One of them is at fault: alone it fails alone.
      if (batch.length > 1) for (const each of batch) await this.store([each]);
      else settle(batch[0]!, refused(error));
      return;
    }
    this.fault = error instanceof StoreFault ? error : new StoreFault('lost', 'it failed unexpectedly');
    if (kind === 'lost') {
      // It may be stored: a second try could store it twice.
      for (const each of batch) settle(each, asUnavailable(error));
      return;
    }
    this.refuseLate(batch);
    // Who is busy has waited for a turn already.
    if (kind === 'away' && batch.some(({ settled }) => !settled)) await this.pause();
  }

  private refuseLate(batch: readonly Waiting[]): void {
    const now = performance.now();
    const late = [...batch, ...this.waiting].filter(({ deadline }) => deadline <= now);
    if (late.length === 0) return;
    for (const each of late) settle(each, unavailable(this.fault?.reason ?? 'it takes too long'));
    for (const { entries, bytes } of this.waiting.filter(({ settled }) => settled)) {
      this.queuedEntries -= entries.length;
      this.queuedBytes -= bytes;
    }
    this.waiting = this.waiting.filter(({ settled }) => !settled);
  }

  private pause(): Promise<void> {
    return new Promise((resume) => setTimeout(resume, this.closed ? 5 : RETRY_MS));
  }
}

function settle(each: Waiting, error?: MercureError): void {
  each.settled = true;
  if (error) each.reject(error);
  else each.resolve();
}

function refused(cause: unknown): MercureError {
  const reason = cause instanceof StoreFault ? cause.reason : '';
  return new MercureError(
    'UPDATE_INVALID',
    400,
    'The store refuses this update',
    `It answers: ${reason}. Publish less at once, or other text.`,
    { cause },
  );
}

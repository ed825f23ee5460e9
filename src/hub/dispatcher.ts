import { Frame } from '../sse/frame.js';
import type { Audience, Dispatched } from '../subscriber/audience.js';
import type { Audiences } from '../subscriber/audiences.js';
import type { CloseReason, Subscriber } from '../subscriber/subscriber.js';
import type { Position, StoredUpdate } from '../transport/transport.js';
import type { Update } from '../update/update.js';
import { Slices } from './slices.js';

/** Streams written between two looks at the clock (a write costs 8 µs). */
const WRITES_PER_LOOK = 32;
/** Updates between two looks at the clock whose audiences are known (which costs half a microsecond). */
const UPDATES_PER_LOOK = 64;
/** Updates accepted but not written yet, in characters: past it publishers are told to come back. */
const MAX_PENDING = 64 * 1024 * 1024;
/** What one flush takes, likewise: an audience's frame is held in memory by every audience it is for. */
const MAX_FLUSH = 1024 * 1024;

export interface DispatcherOptions {
  readonly maxBufferedBytes: number;
  readonly onFault: (error: unknown) => void;
  /** Ends a subscriber and forgets it. */
  readonly close: (subscriber: Subscriber, reason: CloseReason) => void;
}

/**
 * Carries what the transport appended to the streams: everything accepted in one tick leaves in one flush at its
 * end, matched once per update, encoded once per audience, written once per stream.
 */
export class Dispatcher {
  private readonly slices = new Slices();
  private pending: StoredUpdate[] = [];
  private pendingSize = 0;
  private flushing = false;
  /** Of the updates pending: resolved when the last of them is written. */
  private written: Signal | undefined;
  private nextMove: Signal | undefined;
  private dispatchedCount = 0;
  private dispatchedPosition: Position = '';
  private dispatchedId: string | undefined;
  /** The newest public update of the last *finished* flush: what every stream may be told as a cursor. */
  private told: { readonly id: string; readonly count: number } | undefined;

  constructor(
    private readonly audiences: Audiences,
    private readonly options: DispatcherOptions,
  ) {}

  /** Where the transport stands before anything is dispatched. */
  startAt(position: Position): void {
    this.dispatchedPosition = position;
  }

  /** The position up to which updates were given to live streams: the history may be read up to it, not past it. */
  get position(): Position {
    return this.dispatchedPosition;
  }

  /** The id at that position; undefined: nothing was dispatched by this node yet. */
  get lastEventId(): string | undefined {
    return this.dispatchedId;
  }

  /** The newest public id every live stream has been given or passed over, with its number. */
  get publicCursor(): { readonly id: string; readonly count: number } | undefined {
    return this.told;
  }

  /** How many updates were dispatched: the number of the newest. */
  get count(): number {
    return this.dispatchedCount;
  }

  get overloaded(): boolean {
    return this.pendingSize > MAX_PENDING;
  }

  /** Takes what the transport appended, in its order; a flush at the end of this tick carries it on. */
  accept(batch: readonly StoredUpdate[]): void {
    for (const stored of batch) {
      this.pending.push(stored);
      this.pendingSize += sizeOf(stored.update);
    }
    this.written ??= new Signal();
    if (!this.flushing) void this.flushSoon();
  }

  /**
   * Resolves when everything accepted so far has been written; undefined: already so, or the updates in question are
   * for nobody, whose publisher need not wait for others. Unless much is pending: who publishes in a loop without ever
   * waiting would never let the hub have its turn.
   */
  settled(updates: readonly Update[]): Promise<void> | undefined {
    const waits = this.pendingSize > MAX_FLUSH || this.audiences.mayReach(updates);
    return waits ? this.written?.promise : undefined;
  }

  /** The same for all updates. */
  allSettled(): Promise<void> | undefined {
    return this.written?.promise;
  }

  /** Resolves when `position` moves on. */
  moved(): Promise<void> {
    this.nextMove ??= new Signal();
    return this.nextMove.promise;
  }

  /** Puts a subscriber among the live ones. Only right in the tick in which it has read up to `position`. */
  goLive(subscriber: Subscriber): void {
    subscriber.liveAfter = this.dispatchedCount;
    subscriber.audience.add(subscriber);
  }

  /** Puts a subscriber among the live ones that begins now: what was accepted before it came is not for it. */
  goLiveNow(subscriber: Subscriber): void {
    subscriber.liveAfter = this.dispatchedCount + this.pending.length;
    subscriber.audience.add(subscriber);
  }

  private async flushSoon(): Promise<void> {
    this.flushing = true;
    await new Promise<void>((endOfTick) => setImmediate(endOfTick));
    while (this.pending.length > 0) {
      const batch = this.takePending();
      const written = this.pending.length === 0 ? this.written : undefined;
      if (written) this.written = undefined;
      await this.slices.run(this.flush(batch)).catch(this.options.onFault);
      written?.resolve();
    }
    this.flushing = false;
  }

  private *flush(batch: readonly StoredUpdate[]): Generator<void, void, void> {
    const newest = batch.at(-1)!;
    const before = this.dispatchedCount;
    // From here on the history may be read up to the end of this batch, so whoever goes live during this flush has
    // read it there and is passed over below: neither repeated nor skipped, however long the slices take.
    this.dispatchedPosition = newest.position;
    this.dispatchedId = newest.update.id;
    this.dispatchedCount += batch.length;
    this.nextMove?.resolve();
    this.nextMove = undefined;

    const touched = new Set<Audience>();
    for (const [index, { update }] of batch.entries()) {
      const dispatched = { update, number: before + index + 1 };
      for (const audience of this.audiences.known(update) ?? (yield* this.audiences.of(update))) {
        audience.batch.push(dispatched);
        touched.add(audience);
      }
      if (index % UPDATES_PER_LOOK === 0) yield;
    }
    yield* this.write(touched, before);
    this.tellCursor(batch);
  }

  /** @param before the number of the last update before this flush */
  private *write(touched: ReadonlySet<Audience>, before: number): Generator<void, void, void> {
    // Users with grants of their own are an audience each, and most are given the same: one frame serves them all.
    const frames: Frames = new Map();
    let now = performance.now();
    let writes = 0;
    for (const audience of touched) {
      const batch = audience.takeBatch();
      const frame = frameOf(batch, frames);
      if (audience.earliestDeadline <= now) this.closeExpired(audience);
      for (const subscriber of audience.subscribers) {
        if (subscriber.liveAfter > before) this.writeRest(subscriber, batch, now);
        else if (this.isSlow(subscriber)) this.options.close(subscriber, 'slow');
        else subscriber.send(frame, this.dispatchedCount, now);
        if (++writes % WRITES_PER_LOOK !== 0) continue;
        yield;
        now = performance.now();
      }
    }
  }

  /** To a subscriber that came when some of the batch had been accepted already: what came after it. */
  private writeRest(subscriber: Subscriber, batch: readonly Dispatched[], now: number): void {
    const rest = batch.filter(({ number }) => number > subscriber.liveAfter);
    if (rest.length > 0) subscriber.send(frameOf(rest), this.dispatchedCount, now);
  }

  /**
   * Judged before the new batch is queued: what one tick brings may exceed the bound by itself, and a reader that
   * had taken everything until then is not slow.
   */
  private isSlow(subscriber: Subscriber): boolean {
    const { maxBufferedBytes } = this.options;
    return maxBufferedBytes !== 0 && (subscriber.sink?.queuedBytes() ?? 0) > maxBufferedBytes;
  }

  private closeExpired(audience: Audience): void {
    const now = performance.now();
    audience.earliestDeadline = Infinity;
    for (const subscriber of audience.subscribers) {
      if (subscriber.deadline <= now) {
        this.options.close(subscriber, subscriber.endReason);
      } else {
        audience.earliestDeadline = Math.min(audience.earliestDeadline, subscriber.deadline);
      }
    }
  }

  private takePending(): StoredUpdate[] {
    if (this.pendingSize <= MAX_FLUSH) {
      const all = this.pending;
      this.pending = [];
      this.pendingSize = 0;
      return all;
    }
    let size = 0;
    const rest = this.pending.findIndex(({ update }) => (size += sizeOf(update)) > MAX_FLUSH);
    const count = rest === -1 ? this.pending.length : Math.max(1, rest);
    const batch = this.pending.splice(0, count);
    for (const { update } of batch) this.pendingSize -= sizeOf(update);
    return batch;
  }

  private tellCursor(batch: readonly StoredUpdate[]): void {
    const index = batch.findLastIndex(({ update }) => !update.private);
    if (index === -1) return;
    this.told = { id: batch[index]!.update.id, count: this.dispatchedCount - (batch.length - 1 - index) };
  }
}

/** In characters: topics are up to a thousand, of eight thousand each. */
function sizeOf({ id, topics, data }: Update): number {
  let size = id.length + data.length;
  for (const topic of topics) size += topic.length;
  return size;
}

/** A promise and the means to keep it. */
class Signal {
  resolve!: () => void;
  readonly promise = new Promise<void>((resolve) => (this.resolve = resolve));
}

/** Frames by the numbers of what is in them. */
type Frames = Map<number | string, Frame>;

/** @param frames made before */
function frameOf(batch: readonly Dispatched[], frames?: Frames): Frame {
  const key = batch.length === 1 ? batch[0]!.number : batch.map(({ number }) => number).join();
  const known = frames?.get(key);
  if (known) return known;
  const frame = Frame.ofUpdates(batch.map(({ update }) => update));
  frames?.set(key, frame);
  return frame;
}

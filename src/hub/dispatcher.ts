import { Frame } from '../sse/frame.js';
import type { Audience, Dispatched } from '../subscriber/audience.js';
import type { Audiences } from '../subscriber/audiences.js';
import type { CloseReason, Subscriber } from '../subscriber/subscriber.js';
import type { Position, StartPoint, StoredUpdate } from '../transport/transport.js';
import type { Update } from '../update/update.js';
import { type GapMark, isGap, MAX_FLUSH, Pending } from './pending.js';
import { Signal } from './signal.js';
import { Slices } from './slices.js';

/** Streams written between two looks at the clock (a write costs 8 µs). */
const WRITES_PER_LOOK = 32;
/** Updates between two looks at the clock whose audiences are known (which costs half a microsecond). */
const UPDATES_PER_LOOK = 64;
/** Updates accepted but not written yet, in characters: past it publishers are told to come back. */
const MAX_PENDING = 64 * 1024 * 1024;

export interface DispatcherOptions {
  readonly maxBufferedBytes: number;
  readonly gapEvents: boolean;
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
  private readonly pending = new Pending();
  private flushing = false;
  /** Of the updates pending: resolved when the last of them is written. */
  private written: Signal | undefined;
  private nextMove: Signal | undefined;
  private dispatchedCount = 0;
  /** Those, and what waits or has been taken for a flush that has not begun. */
  private acceptedCount = 0;
  private dispatchedPosition: Position = '';
  private dispatchedId: string | undefined;
  /** The newest public update of the last *finished* flush: what every stream may be told as a cursor. */
  private told: { readonly id: string; readonly count: number } | undefined;

  constructor(
    private readonly audiences: Audiences,
    private readonly options: DispatcherOptions,
  ) {}

  /** Where the transport stands before anything is dispatched. */
  startAt({ position, newest }: StartPoint): void {
    this.stand(position, newest?.id);
    this.tellNewest(newest);
  }

  /** The position up to which updates were given to live streams: the history may be read up to it, not past it. */
  get position(): Position {
    return this.dispatchedPosition;
  }

  /** The newest id at that position; undefined: the history has none. */
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
    return this.pending.size > MAX_PENDING;
  }

  /** Takes what the transport appended, in its order; a flush at the end of this tick carries it on. */
  accept(batch: readonly StoredUpdate[]): void {
    for (const stored of batch) this.pending.push(stored);
    this.acceptedCount += batch.length;
    this.flushSoon();
  }

  /** Takes a gap, in the same order. */
  acceptGap(gap: Position, newest: StartPoint['newest']): void {
    this.pending.push({ gap, newest });
    this.acceptedCount++;
    this.flushSoon();
  }

  /**
   * Resolves when everything accepted so far has been written; undefined: already so, or the updates in question are
   * for nobody, whose publisher need not wait for others. Unless much is pending: who publishes in a loop without ever
   * waiting would never let the hub have its turn.
   */
  settled(updates: readonly Update[]): Promise<void> | undefined {
    const waits = this.pending.size > MAX_FLUSH || this.audiences.mayReach(updates);
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
    subscriber.liveAfter = this.acceptedCount;
    subscriber.audience.add(subscriber);
  }

  private flushSoon(): void {
    this.written ??= new Signal();
    if (!this.flushing) void this.flushAll();
  }

  private async flushAll(): Promise<void> {
    this.flushing = true;
    await new Promise<void>((endOfTick) => setImmediate(endOfTick));
    while (this.pending.length > 0) {
      const next = this.pending.take();
      const written = this.pending.length === 0 ? this.written : undefined;
      if (written) this.written = undefined;
      const work = isGap(next) ? this.tellGap(next) : this.flush(next);
      await this.slices.run(work).catch(this.options.onFault);
      written?.resolve();
    }
    this.flushing = false;
  }

  private *flush(batch: readonly StoredUpdate[]): Generator<void, void, void> {
    const newest = batch.at(-1)!;
    const before = this.dispatchedCount;
    // From here on the history may be read up to the end of this batch, so whoever goes live during this flush has
    // read it there and is passed over below: neither repeated nor skipped, however long the slices take.
    this.dispatchedCount += batch.length;
    this.stand(newest.position, newest.update.id);

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

  /**
   * Every live stream is told; one that is catching up finds nothing to read after its position. The gap has a number
   * as updates have, so that whoever goes live meanwhile is passed over.
   */
  private *tellGap({ gap, newest }: GapMark): Generator<void, void, void> {
    const before = this.dispatchedCount++;
    this.stand(gap, newest?.id);
    // No cursor until all are told: one that was moved past the gap before would never hear of it.
    this.tellNewest(undefined);
    const lastEventId = newest && !newest.private ? newest.id : undefined;
    const frames = new Map<string | undefined, Frame>();
    let writes = 0;
    for (const audience of this.options.gapEvents ? this.audiences : []) {
      for (const subscriber of audience.subscribers) {
        if (subscriber.liveAfter > before) continue;
        const requested = subscriber.lastId;
        const frame = frames.get(requested) ?? Frame.ofGap({ requested, reason: 'unknown', lastEventId });
        frames.set(requested, frame);
        subscriber.send(frame, this.dispatchedCount, performance.now());
        if (++writes % WRITES_PER_LOOK === 0) yield;
      }
    }
    this.tellNewest(newest);
  }

  /** What is dispatched is everything up to here. */
  private stand(position: Position, id: string | undefined): void {
    this.dispatchedPosition = position;
    this.dispatchedId = id;
    this.nextMove?.resolve();
    this.nextMove = undefined;
  }

  /** The newest update that this node did not dispatch itself: as a cursor it is older than any it tells. */
  private tellNewest(newest: StartPoint['newest']): void {
    this.told = newest && !newest.private ? { id: newest.id, count: 0 } : undefined;
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

  private tellCursor(batch: readonly StoredUpdate[]): void {
    const index = batch.findLastIndex(({ update }) => !update.private);
    if (index === -1) return;
    this.told = { id: batch[index]!.update.id, count: this.dispatchedCount - (batch.length - 1 - index) };
  }
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

import { randomUUID } from 'node:crypto';
import type { Grants } from '../authorization/grants.js';
import type { Frame } from '../sse/frame.js';
import type { Audience } from './audience.js';
import type { Sink } from '../sse/sink.js';
import type { Wish } from './subscription.js';

/**
 * Why a subscriber is no more: its own end (`left`), a planned one (`deadline`, `expired`: its token;
 * `shutdown`), or the hub cutting it (`slow`).
 */
export type CloseReason = 'left' | 'deadline' | 'expired' | 'shutdown' | 'slow';

/** One listener's life: registered, catching up, live in its audience, closed. The hub moves it along. */
export class Subscriber {
  /** The hub's own name for this connection, in subscription events. */
  readonly id = `urn:uuid:${randomUUID()}`;
  sink: Sink | undefined;
  closed: CloseReason | undefined;

  /** The number of the last update that is not for it live: what came before, it had from the history or not at all. */
  liveAfter = Infinity;
  /** The number of the newest update it was sent or cursor it was told, in this node's count. */
  told = 0;
  /** What its client will come back with: the last id it asked for, was sent or was told. Undefined: none. */
  lastId: string | undefined;
  /** Monotonic milliseconds of the last bytes given to it. */
  lastSentAt = 0;
  /** What the slow-reader check last saw of its sink, and when that last changed. */
  seenProgress = 0;
  progressAt = 0;

  constructor(
    readonly audience: Audience,
    /** What it asked for, as others are told of it; none: it is not told of. */
    readonly wishes: readonly Wish[],
    readonly grants: Grants,
    /** By what its connections are counted: a token's subject, else an address. */
    readonly client: string,
    /** Monotonic milliseconds at which its lifetime is over, and at which its token expires. */
    readonly endsAt: number,
    readonly expiresAt: number,
  ) {}

  /** When it must be over, whatever the cause: monotonic milliseconds. */
  get deadline(): number {
    return Math.min(this.endsAt, this.expiresAt);
  }

  /** What ends it at its deadline. */
  get endReason(): CloseReason {
    return this.expiresAt <= this.endsAt ? 'expired' : 'deadline';
  }

  /** Hands a frame to the sink and notes when, for heartbeats, and up to which update, for cursors. */
  send(frame: Frame, told: number, now: number): void {
    this.sink?.send(frame);
    this.told = told;
    this.lastId = frame.lastId ?? this.lastId;
    this.lastSentAt = now;
  }
}

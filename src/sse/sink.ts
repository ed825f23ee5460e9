import type { Frame } from './frame.js';

/** Where a subscriber's frames go: a socket (`event-stream.ts`) or an Observable (`hub/observable-sink.ts`). */
export interface Sink {
  /** Takes a frame at once, queueing what cannot leave yet. Does nothing once ended. */
  send(frame: Frame): void;
  /** Bytes taken that the network has not accepted yet. */
  queuedBytes(): number;
  /** A number that changes whenever the network accepts something. */
  progress(): number;
  /** Resolves when the network takes more without a queue growing, or the sink is closed. */
  drained(): Promise<void>;
  /** Ends in order: what is queued still leaves. */
  end(): void;
  /** Cuts: what is queued is lost, the client comes back with its cursor. */
  destroy(): void;
}

import type { Broadcasting } from './publish-queue.js';

/** How often updates of one resource are told. */
export interface Pace {
  /** The resource, and the declaration that tells it. */
  readonly key: string;
  readonly windowMs: number;
  readonly maxWaitMs: number;
  /** Whether a later update makes this one superfluous. */
  readonly waits: boolean;
}

/** What has been told lately of a resource, and what waits. */
interface OpenWindow {
  timer: NodeJS.Timeout;
  readonly pace: Pace;
  latest?: Broadcasting;
  /** When the first one that waits came, by `performance.now()`. */
  since?: number;
  /** Whether its release is on its way. */
  isDue?: true;
}

/**
 * Holds back updates of a resource that follow each other closely. The first is told at once; of those within
 * `windowMs` of the one before the latest is told when there are no more, or `maxWaitMs` after the first that waited:
 * a row that changes all the time is told all the time. What does not wait (creates, deletes, moves) takes the place of
 * what did.
 */
export class UpdateWindow {
  readonly #open = new Map<string, OpenWindow>();

  /** @param due called when what waits of a resource shall be released */
  constructor(private readonly due: (key: string) => void) {}

  /** What is to be told now. */
  admit(broadcasts: readonly Broadcasting[]): Broadcasting[] {
    return broadcasts.filter((each) => {
      const { pace } = each;
      if (!pace) return true;
      const open = this.#open.get(pace.key);
      if (!open || !pace.waits) {
        this.#reopen(pace);
        return true;
      }
      open.latest = each;
      if (open.isDue) return false;
      open.since ??= performance.now();
      const left = open.since + pace.maxWaitMs - performance.now();
      this.#restart(open, Math.max(0, Math.min(pace.windowMs, left)));
      return false;
    });
  }

  /** Takes what waits of a resource; what comes next waits for a window of its own. */
  release(key: string): Broadcasting[] {
    const open = this.#open.get(key);
    if (!open?.latest) return [];
    this.#reopen(open.pace);
    return [{ ...open.latest, pace: undefined }];
  }

  /** Nothing waits any longer. */
  releaseAll(): void {
    for (const key of this.#open.keys()) this.#end(key);
  }

  #reopen(pace: Pace): void {
    clearTimeout(this.#open.get(pace.key)?.timer);
    this.#open.set(pace.key, { pace, timer: this.#timer(pace.key, pace.windowMs) });
  }

  #restart(open: OpenWindow, ms: number): void {
    clearTimeout(open.timer);
    open.timer = this.#timer(open.pace.key, ms);
  }

  /** It keeps no process alive: a shutdown releases what waits. */
  #timer(key: string, ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#end(key), ms).unref();
  }

  #end(key: string): void {
    const open = this.#open.get(key);
    if (!open || open.isDue) return;
    clearTimeout(open.timer);
    if (!open.latest) {
      this.#open.delete(key);
      return;
    }
    open.isDue = true;
    this.due(key);
  }
}

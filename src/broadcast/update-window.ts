import type { Broadcasting } from './publish-queue.js';

/** Who made an update, as its payload says. */
export interface Signature {
  readonly originator: string;
  /** The update's data without that. */
  readonly unsigned: string;
}

/** How often updates of one row are told. */
export interface Pace {
  /** The row, and the declaration that tells it: a topic may be that of many rows. */
  readonly key: string;
  readonly windowMs: number;
  readonly maxWaitMs: number;
  /** Whether a later update makes this one superfluous. */
  readonly waits: boolean;
  readonly signature?: Signature | undefined;
}

/** What has been told lately of a row, and what waits. */
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
 * Holds back updates of a row that follow each other closely. The first is told at once; of those within
 * `windowMs` of the one before the latest is told when there are no more, or `maxWaitMs` after the first that waited:
 * a row that changes all the time is told all the time. What does not wait (creates, deletes, moves) takes the place of
 * what did.
 */
export class UpdateWindow {
  readonly #open = new Map<string, OpenWindow>();

  /**
   * @param due called when what waits of a resource shall be released
   * @param superseded called with what waited and is not told any more
   */
  constructor(
    private readonly due: (key: string) => void,
    private readonly superseded: (waiting: Broadcasting) => void,
  ) {}

  /** What is to be told now. */
  admit(broadcasts: readonly Broadcasting[]): Broadcasting[] {
    const replaced = new Map<string, Broadcasting>();
    return broadcasts.flatMap((each) => {
      const { pace } = each;
      if (!pace) return each;
      const open = this.#open.get(pace.key);
      if (open?.latest) this.superseded(open.latest);
      const waiting = open?.latest ?? replaced.get(pace.key);
      const told = waiting ? inPlaceOf(waiting, each) : each;
      if (!open || !pace.waits) {
        // A move is two: the second one, too, is in the place of what waited.
        if (waiting) replaced.set(pace.key, waiting);
        this.#reopen(pace);
        return told;
      }
      open.latest = told;
      if (open.isDue) return [];
      open.since ??= performance.now();
      const left = open.since + pace.maxWaitMs - performance.now();
      this.#restart(open, Math.max(0, Math.min(pace.windowMs, left)));
      return [];
    });
  }

  /** Takes what waits of a row; what comes next waits for a window of its own. */
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

/** What two made is nobody's own: each must hear of the other's part. */
function inPlaceOf(waiting: Broadcasting, later: Broadcasting): Broadcasting {
  const { pace, update } = later;
  if (!pace?.signature || pace.signature.originator === waiting.pace?.signature?.originator) return later;
  const { unsigned } = pace.signature;
  return { ...later, update: { ...update, data: unsigned }, pace: { ...pace, signature: undefined } };
}

import type { AppendKind } from '../transport.js';
import { bytesOf } from '../update-ring.js';
import { Kept, type KeptBounds } from './kept.js';
import type { Log, LogState, Place, Row, Weight } from './log.js';
import { now } from './now.js';

/** What is kept of events about subscriptions, whatever the bounds of updates. */
const PRESENCE_BOUNDS: KeptBounds = { count: 10_000, bytes: 0, ageMs: 600_000 };
/** Between two looks at the bounds, and between two steps of one. Milliseconds. */
const LOOK_MS = 500;
const STEP_MS = 2;

/**
 * Drops what is over the bounds, in the background and in small steps. What is there already is counted in the
 * background as well, so that a start costs the same whatever the history.
 */
export class Retention {
  private readonly kept: Readonly<Record<AppendKind, Kept>>;
  /** What came after `head` while the rest was still being counted. */
  private readonly uncounted: Weight[] = [];
  private counted = false;
  private closed = false;
  private running: Promise<void> | undefined;
  private wake: (() => void) | undefined;

  /**
   * @param head up to where there are rows that will not be noted
   * @param trimmed called after something was dropped
   * @param written up to where it may be dropped: somebody else still needs the rest
   */
  constructor(
    private readonly log: Log,
    bounds: KeptBounds,
    private head: Place,
    private readonly trimmed: () => Promise<void>,
    private readonly written: () => Place,
  ) {
    this.kept = { update: new Kept(bounds), presence: new Kept(PRESENCE_BOUNDS) };
  }

  run(): void {
    this.running = this.loop();
  }

  /** The history is another one; up to `head` its rows will not be noted. */
  restart(head: Place): void {
    this.head = head;
    this.counted = false;
    this.uncounted.length = 0;
  }

  /** Of what was delivered. */
  note(rows: readonly Row[]): void {
    for (const { place, kind, update } of rows) {
      if (!this.kept[kind].isBounded) continue;
      const weight: Weight = { place, kind, bytes: bytesOf(update), at: now() };
      if (this.counted) this.count(weight);
      else this.uncounted.push(weight);
    }
    if (this.kept.update.isFarOver || this.kept.presence.isFarOver) this.wake?.();
  }

  /** Somebody may have dropped something. */
  look({ trimmed: { update, presence } }: LogState): void {
    this.kept.update.forget(update.place);
    this.kept.presence.forget(presence.place > update.place ? presence.place : update.place);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.wake?.();
    await this.running;
  }

  private async loop(): Promise<void> {
    while (!this.closed) {
      try {
        if (!this.counted) await this.countAll();
        const dropped = (await this.dropOver('update')) + (await this.dropOver('presence'));
        if (dropped > 0) await this.trimmed();
      } catch {
        // The store is away; what is over is over later as well.
      }
      await this.pause(LOOK_MS);
    }
  }

  private async countAll(): Promise<void> {
    const { head } = this;
    for (const kept of Object.values(this.kept)) kept.clear();
    // The store's clock told their times; it may be another than this process's.
    const ahead = (await this.log.clock()) - now();
    const kinds = (['update', 'presence'] as const).filter((kind) => this.kept[kind].isBounded);
    for (let after: Place | undefined = 0n; after !== undefined && after < head;) {
      const weights: readonly Weight[] = await this.log.weigh(after, head, kinds);
      for (const weight of weights) this.count({ ...weight, at: weight.at - ahead });
      after = weights.at(-1)?.place;
      await this.pause(STEP_MS);
      if (this.closed || this.head !== head) return;
    }
    for (const weight of this.uncounted.splice(0)) this.count(weight);
    this.counted = true;
  }

  private count({ place, kind, bytes, at }: Weight): void {
    this.kept[kind].add(place, bytes, at);
  }

  private async dropOver(kind: AppendKind): Promise<number> {
    const cut = this.kept[kind].over(now(), this.written());
    if (cut === undefined || !this.counted) return 0;
    let dropped = 0;
    for (let step = 1; step > 0 && !this.closed; dropped += step) {
      step = await this.log.trim(kind, cut);
      await this.pause(STEP_MS);
    }
    return dropped;
  }

  private async pause(ms: number): Promise<void> {
    if (this.closed) return;
    await new Promise<void>((resume) => {
      const timer = setTimeout(resume, ms).unref();
      this.wake = () => {
        clearTimeout(timer);
        resume();
      };
    });
  }
}

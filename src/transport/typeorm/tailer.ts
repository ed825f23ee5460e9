import { StoreFault } from './store-fault.js';
import {
  EVERYTHING,
  type Entry,
  type Landmark,
  type Log,
  type LogPage,
  type Place,
  type Row,
} from './log.js';

/** How often those are asked for who hold up delivery, and for how long that is nothing to speak of. Milliseconds. */
const HOLDERS_MS = 10;
const HELD_UP_MS = 1000;
/** Until a transaction that is committed is seen. Milliseconds. */
const UNSEEN_MS = 1;
/** Between two tries to reach a store that is away. Milliseconds. */
const RETRY_MS = 200;
/** How often it is looked whether the log is the same, where no connection was lost. Milliseconds. */
const VERIFY_MS = 5000;

/** What was read does not go on from what was read before. */
export class OtherHistory extends Error {}

export interface TailerOptions {
  /** Takes rows over; see `TransportListener.appended`. */
  readonly deliver: (rows: readonly Row[]) => Promise<void> | undefined;
  /** Told of everything that was read. @throws where it does not go on from what was read before */
  readonly look: (page: LogPage) => void;
  /** The next entry is damaged: tells a gap in its place. */
  readonly skip: (place: Place) => void;
  /** Looks whether the log is still the one that was left. @returns where to read on; undefined: where it was left */
  readonly verify: () => Promise<Place | undefined>;
  /** The same after the log could not be read. */
  readonly recover: () => Promise<Place | undefined>;
  /** Some have held up delivery for more than a second. */
  readonly heldUp: (writers: ReadonlySet<string>) => void;
  /** The log cannot be read; told once until it can. */
  readonly away: (reason: string) => void;
}

/**
 * Delivers the log of every node in its order. A place that is missing below one that is there may still be committed
 * by a writer that is under way: delivery waits for exactly those writers, and no longer.
 */
export class Tailer {
  /** Up to where rows were delivered. */
  cursor: Place;
  /** The row there; undefined: none was delivered since the start. */
  newest: Landmark | undefined;
  /** Up to where nothing can appear any more, though places may be missing. */
  private settled: Place;
  /** Whether the rows after the cursor are known to be there, as after a page that ended for its size. */
  private isMore = true;
  /** How often the log was looked at. */
  looks = 0;
  private verifiedAt = performance.now();
  /** The log's connections that were there at that time. */
  private verified: number;
  /** Where a place is missing in a log without holes, and since when. */
  private unseen: { readonly place: Place; readonly since: number } | undefined;
  private woken = false;
  private wakeUp: (() => void) | undefined;
  private closed = false;
  private behind: Promise<void> | undefined;
  private running: Promise<void> | undefined;

  constructor(
    private readonly log: Log,
    start: Place,
    private readonly options: TailerOptions,
  ) {
    this.cursor = start;
    this.settled = start;
    this.verified = log.connections;
  }

  /** Begins, when the caller has had its turn. */
  run(): void {
    this.running = pause(0).then(() => this.loop());
  }

  /** There may be something: looks at once. */
  wake(): void {
    this.woken = true;
    this.wakeUp?.();
  }

  /** What this node just stored: delivered from memory where nothing can lie between, else by a look. */
  offer(first: Place, entries: readonly Entry[]): void {
    // A look may have been faster than the answer to the insert.
    const isNext = first > this.cursor && this.log.isNext(this.cursor, first);
    if (this.closed || this.behind || this.isMore || this.isElsewhere || !isNext) this.wake();
    else this.deliver(entries.map((entry, index) => ({ ...entry, place: first + BigInt(index) })));
  }

  async close(): Promise<void> {
    this.closed = true;
    this.wake();
    await this.running;
  }

  private async loop(): Promise<void> {
    while (!this.closed) {
      try {
        await this.behind;
        if (await this.step()) continue;
        await this.sleep(this.log.pollMs);
        if (performance.now() - this.verifiedAt > VERIFY_MS) await this.goOn(this.options.verify);
      } catch (error) {
        if (!(error instanceof OtherHistory)) {
          if (!this.closed) this.options.away(reasonOf(error));
          await pause(RETRY_MS);
        }
        await this.recover();
      }
    }
  }

  private async recover(): Promise<void> {
    while (!this.closed) {
      try {
        await this.goOn(this.options.recover);
        return;
      } catch {
        // It is still away.
        await pause(RETRY_MS);
      }
    }
  }

  private async goOn(look: () => Promise<Place | undefined>): Promise<void> {
    const { connections } = this.log;
    const elsewhere = await look();
    this.verifiedAt = performance.now();
    this.verified = connections;
    if (elsewhere !== undefined) this.restart(elsewhere);
  }

  /** Whether it has yet to be looked whether the log is the same. */
  get isElsewhere(): boolean {
    return this.verified !== this.log.connections;
  }

  private restart(place: Place): void {
    this.cursor = place;
    this.settled = place;
    this.newest = undefined;
    this.isMore = true;
  }

  /** @returns whether there is more to read at once */
  private async step(): Promise<boolean> {
    if (this.isElsewhere) await this.goOn(this.options.verify);
    this.woken = false;
    this.looks++;
    const page = await this.log.page(this.cursor, EVERYTHING, 'tail');
    if (this.closed) return false;
    if (this.isElsewhere) return true;
    this.options.look(page);
    // This node's own rows may have been delivered meanwhile.
    const rows = page.rows.filter(({ place }) => place > this.cursor);
    const { isDense } = this.log;
    // What is missing up to there was dropped.
    if (isDense && page.trimmed.presence.place > this.settled) this.settled = page.trimmed.presence.place;
    const count = this.countSettled(rows);
    this.isMore = page.full || count < rows.length;
    if (count > 0) this.deliver(rows.slice(0, count));
    if (count < rows.length) await (isDense ? this.see(rows[count]!.place) : this.settle(rows.at(-1)!.place));
    const { damaged = 0n } = page;
    if (damaged > this.cursor && rows.length === 0) this.skip(damaged);
    return this.isMore;
  }

  /** Waits for what is committed below a place and not seen yet; what never comes is lost. */
  private async see(place: Place): Promise<void> {
    if (this.unseen?.place !== place) this.unseen = { place, since: performance.now() };
    else if (performance.now() - this.unseen.since > HELD_UP_MS) this.skip(place - 1n);
    await pause(UNSEEN_MS);
  }

  private skip(place: Place): void {
    this.options.skip(place);
    this.restart(place);
  }

  /** How many rows come before the first place that may still be taken. */
  private countSettled(rows: readonly Row[]): number {
    const { log } = this;
    if (!log.writers && !log.isDense) return rows.length;
    let before = this.cursor > this.settled ? this.cursor : this.settled;
    for (const [index, { place }] of rows.entries()) {
      if (place <= this.settled) continue;
      if (!log.isNext(before, place)) return index;
      before = place;
    }
    return rows.length;
  }

  /**
   * Waits for the writers of now: whoever has a place below `place` took it before `place` was taken, and holds the
   * writers' lock until what it wrote is visible or gone.
   */
  private async settle(place: Place): Promise<void> {
    const { log } = this;
    const { heldUp } = this.options;
    const began = performance.now();
    let told = false;
    let left = await log.writers!();
    while (left.size > 0 && !this.closed) {
      await pause(HOLDERS_MS);
      const now = await log.writers!();
      left = new Set([...left].filter((writer) => now.has(writer)));
      if (told || left.size === 0 || performance.now() - began < HELD_UP_MS) continue;
      told = true;
      heldUp(left);
    }
    this.settled = place;
  }

  private deliver(rows: readonly Row[]): void {
    const { place, update } = rows.at(-1)!;
    this.cursor = place;
    this.newest = { place, id: update.id };
    const behind = this.options.deliver(rows);
    if (!behind) return;
    const caughtUp = behind.then(() => {
      this.behind = undefined;
      return this.wake();
    });
    this.behind = caughtUp;
  }

  private async sleep(ms: number): Promise<void> {
    if (this.woken) return;
    await new Promise<void>((resume) => {
      const timer = setTimeout(resume, ms);
      this.wakeUp = () => {
        clearTimeout(timer);
        resume();
      };
    });
    this.wakeUp = undefined;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof StoreFault ? error.reason : 'it failed unexpectedly';
}

function pause(ms: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, ms));
}

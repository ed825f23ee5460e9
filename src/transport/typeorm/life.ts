import {
  type Entry,
  type Landmark,
  type Log,
  type LogState,
  type Place,
  type Row,
  toPlace,
  toPosition,
  toStored,
} from './log.js';
import { unavailable } from './store-fault.js';
import { OtherHistory } from './tailer.js';
import type { Position, StartPoint, StoredUpdate } from '../transport.js';

/** How long a node waits, when it starts, for transactions that have written updates and do not end. Milliseconds. */
const PATIENCE_MS = 30_000;

/**
 * The life of the history as one node knows it: what its positions mean, and whether the log is still the one in which
 * they were given.
 */
export class Life {
  /** Counts the lives that this node saw. */
  number = 0;
  /**
   * The newest entry this node stored: acknowledged, so it must be there. Where connections are new since it was last
   * looked, also the newest from before: what is stored there may be in another log.
   */
  private own: readonly Landmark[] = [];
  /** Up to where it was told that something was dropped undelivered: of one kind there may be more to deliver. */
  private told: Place = 0n;

  private constructor(
    private readonly log: Log,
    private known: LogState,
  ) {}

  static async of(log: Log): Promise<Life> {
    return new Life(log, await log.state('tail'));
  }

  get state(): LogState {
    return this.known;
  }

  position(place: Place): Position {
    return toPosition(place, this.number);
  }

  /** Undefined: the position is of another life. */
  place(position: Position): Place | undefined {
    return toPlace(position, this.number);
  }

  stored(row: Row): StoredUpdate {
    return toStored(row, this.number);
  }

  /** @param isElsewhere whether it has yet to be looked whether the log is the same */
  noteOwn(first: Place, entries: readonly Entry[], isElsewhere: boolean): void {
    const own = { place: first + BigInt(entries.length - 1), id: entries.at(-1)!.update.id };
    this.own = isElsewhere ? [...this.own.slice(0, 1), own] : [own];
  }

  /** Takes note of a state that was seen. @returns whether it is of this life of the log */
  see(state: LogState): boolean {
    if (state.epoch !== this.known.epoch) return false;
    this.known = state;
    return true;
  }

  /** @throws OtherHistory where something was dropped that is yet to be delivered after `cursor` */
  checkDropped(cursor: Place): void {
    if (this.isDropped(cursor)) throw new OtherHistory();
  }

  /** Where a node begins. */
  async startPoint(): Promise<StartPoint & { readonly place: Place }> {
    const place = await this.settledHead();
    const newest = await this.newestAt(place);
    return { place, position: this.position(place), ...(newest && { newest }) };
  }

  /**
   * Whether the log is the one that was left: its epoch, the row delivered last, and the newest of this node's own; what
   * is missing must have been dropped.
   *
   * @param delivered the row delivered last
   * @param cursor up to where this node delivered
   * @returns where another life begins; undefined: it is the same
   */
  async verify(delivered: Landmark | undefined, cursor: Place): Promise<Place | undefined> {
    const state = await this.log.state('tail');
    const landmarks = [...this.own, ...(delivered ? [delivered] : [])];
    const rows = await this.log.rowsAt(landmarks.map(({ place }) => place));
    const { update, presence } = state.trimmed;
    const isThere = landmarks.every(({ place, id }) => {
      const row = rows.find((each) => each.place === place);
      return row ? row.id === id : place <= update.place || place <= presence.place;
    });
    if (isThere && this.see(state)) {
      this.own = this.own.slice(-1);
      if (!this.isDropped(cursor)) return undefined;
      this.told = this.droppedUpTo;
      // This node was so far behind that what it had not delivered was dropped.
      this.number++;
      return update.place > cursor ? update.place : cursor;
    }
    // A node that had not been given what is missing cannot see that it is.
    if (state.epoch === this.known.epoch) await this.log.renew?.(state.epoch);
    const place = await this.settledHead();
    this.known = await this.log.state('tail');
    this.own = [];
    this.told = 0n;
    this.number++;
    return place;
  }

  /** An entry cannot be delivered: positions from before do not lead on past it. */
  skip(): void {
    this.number++;
  }

  /** The greatest place below which nothing can appear any more. */
  private async settledHead(): Promise<Place> {
    const place = await this.log.greatest();
    const began = performance.now();
    let left = (await this.log.writers?.()) ?? new Set<string>();
    while (left.size > 0) {
      if (performance.now() - began > PATIENCE_MS) {
        const who = await this.log.describe!(left);
        throw unavailable(`a transaction that wrote updates does not end: ${who}`);
      }
      await new Promise((resume) => setTimeout(resume, 10));
      const now = await this.log.writers!();
      left = new Set([...left].filter((writer) => now.has(writer)));
    }
    return place;
  }

  /** Whether something was dropped that this node had yet to deliver, and nobody was told. */
  private isDropped(cursor: Place): boolean {
    return this.droppedUpTo > cursor && this.droppedUpTo > this.told;
  }

  private get droppedUpTo(): Place {
    const { update, presence } = this.known.trimmed;
    return update.place > presence.place ? update.place : presence.place;
  }

  private async newestAt(place: Place): Promise<StartPoint['newest']> {
    const [row] = await this.log.rowsAt([place]);
    if (row) return { id: row.id, private: row.private };
    const { update, presence } = this.known.trimmed;
    const dropped = presence.place > update.place ? presence : update;
    // Where it is not known whether it is private, it is.
    return dropped.id === undefined ? undefined : { id: dropped.id, private: dropped.private ?? true };
  }
}

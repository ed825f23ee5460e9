import type { Update } from '../update/update.js';
import type { StoredUpdate } from './transport.js';

/** 0 means unbounded for bytes and age, and "keep none" for the count. */
export interface RingBounds {
  readonly maxUpdates: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** An update with its number in the order of its transport: one object for the ring and for everybody it is given to. */
export interface Numbered extends StoredUpdate {
  readonly number: number;
  readonly bytes: number;
  /** Monotonic, so that a wall clock set back or forth neither keeps nor drops anything; 0 where age is no bound. */
  readonly keptAt: number;
  /** Wall clock, compared only with the time inside a UUIDv7. */
  readonly madeAt: number;
}

/** What an entry costs beside its text: objects, the index. */
const ENTRY_OVERHEAD = 200;
/** How far the index may be behind: what asking for an id may have to make up for, some milliseconds' worth. */
const MAX_BEHIND = 10_000;

/**
 * The newest of what is pushed, within bounds, by number and by id. Pushing, trimming and finding an id are O(1). Ids are
 * entered into their index when one is asked for: where nobody comes back, most updates go without (measured: the index
 * is a third of what publishing to nobody costs).
 */
export class UpdateRing {
  /** Slots before `head` are trimmed and empty; they are cut off when they outnumber the rest. */
  private entries: (Numbered | undefined)[] = [];
  private head = 0;
  private bytes = 0;
  private dropped = 0;
  /** The numbers an id was given, oldest first, a list where it was reused: it means its first kept update. */
  private readonly numbersOfId = new Map<string, number | number[]>();
  /** The slot up to which ids are in the index. */
  private indexed = 0;

  constructor(private readonly bounds: RingBounds) {}

  push(number: number, update: Update): Numbered {
    const entry = {
      position: String(number),
      update,
      number,
      bytes: bytesOf(update),
      keptAt: this.bounds.maxAgeMs === 0 ? 0 : performance.now(),
      madeAt: Date.now(),
    };
    this.entries.push(entry);
    this.bytes += entry.bytes;
    this.trim();
    if (this.entries.length - this.indexed > MAX_BEHIND) this.indexNext();
    return entry;
  }

  /** The number of the newest update that is kept no more; 0: all are. */
  get droppedUpTo(): number {
    this.trim();
    return this.dropped;
  }

  get oldest(): Numbered | undefined {
    this.trim();
    return this.entries[this.head];
  }

  /** The first kept update with an id. */
  numberOf(id: string): number | undefined {
    this.trim();
    while (this.indexed < this.entries.length) this.indexNext();
    const numbers = this.numbersOfId.get(id);
    return typeof numbers === 'object' ? numbers[0] : numbers;
  }

  /** What is kept with numbers over `after`, oldest first. */
  *after(after: number): Generator<Numbered, void, void> {
    this.trim();
    for (let index = this.indexAfter(after); index < this.entries.length; index++) yield this.entries[index]!;
  }

  /** Bisects: numbers rise, but not by one, where another ring has taken some. */
  private indexAfter(after: number): number {
    let low = this.head;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.entries[middle]!.number > after) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private indexNext(): void {
    const { number, update } = this.entries[this.indexed++]!;
    const numbers = this.numbersOfId.get(update.id);
    if (numbers === undefined) this.numbersOfId.set(update.id, number);
    else if (typeof numbers === 'number') this.numbersOfId.set(update.id, [numbers, number]);
    else numbers.push(number);
  }

  private trim(): void {
    const { maxUpdates, maxBytes, maxAgeMs } = this.bounds;
    const tooOld = maxAgeMs === 0 ? -Infinity : performance.now() - maxAgeMs;
    while (this.head < this.entries.length) {
      const over =
        this.entries.length - this.head > maxUpdates ||
        (maxBytes !== 0 && this.bytes > maxBytes) ||
        this.entries[this.head]!.keptAt < tooOld;
      if (!over) break;
      this.dropOldest();
    }
    if (this.head > 1024 && this.head * 2 > this.entries.length) {
      this.entries = this.entries.slice(this.head);
      this.indexed -= this.head;
      this.head = 0;
    }
  }

  private dropOldest(): void {
    const { number, update, bytes } = this.entries[this.head]!;
    // Not when slots are cut off: a thousand large updates would be kept past any bound until then.
    this.entries[this.head++] = undefined;
    this.bytes -= bytes;
    this.dropped = number;
    if (this.indexed < this.head) {
      this.indexed = this.head;
      return;
    }
    const numbers = this.numbersOfId.get(update.id);
    if (typeof numbers === 'object' && numbers.length > 1) numbers.shift();
    else this.numbersOfId.delete(update.id);
  }
}

/** What keeping an update costs, about. */
export function bytesOf(update: Update): number {
  let bytes = ENTRY_OVERHEAD + Buffer.byteLength(update.data) + Buffer.byteLength(update.id);
  for (const topic of update.topics) bytes += Buffer.byteLength(topic);
  return bytes;
}

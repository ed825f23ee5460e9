import type { Update } from '../update/update.js';

/** 0 means unbounded for bytes and age, and "keep none" for the count. */
export interface RingBounds {
  readonly maxUpdates: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** An update with its number in the order of its transport. */
export interface Numbered {
  readonly number: number;
  readonly update: Update;
  readonly bytes: number;
  /** Monotonic, so that a wall clock set back or forth neither keeps nor drops anything. */
  readonly keptAt: number;
  /** Wall clock, compared only with the time inside a UUIDv7. */
  readonly madeAt: number;
}

/** What an entry costs beside its text: objects, the index. */
const ENTRY_OVERHEAD = 200;

/** The newest of what is pushed, within bounds, by number and by id. Pushing, trimming and finding an id are O(1). */
export class UpdateRing {
  /** Slots before `head` are trimmed; they are cut off when they outnumber the rest. */
  private entries: Numbered[] = [];
  private head = 0;
  private bytes = 0;
  private dropped = 0;
  /** The numbers an id was given, oldest first: an id may be reused, and means its first kept update. */
  private readonly numbersOfId = new Map<string, number[]>();

  constructor(private readonly bounds: RingBounds) {}

  push(number: number, update: Update): void {
    const entry = { number, update, bytes: bytesOf(update), keptAt: performance.now(), madeAt: Date.now() };
    this.entries.push(entry);
    this.bytes += entry.bytes;
    const numbers = this.numbersOfId.get(update.id);
    if (numbers) numbers.push(number);
    else this.numbersOfId.set(update.id, [number]);
    this.trim();
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
    return this.numbersOfId.get(id)?.[0];
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
      this.head = 0;
    }
  }

  private dropOldest(): void {
    const { number, update, bytes } = this.entries[this.head]!;
    this.head++;
    this.bytes -= bytes;
    this.dropped = number;
    const numbers = this.numbersOfId.get(update.id)!;
    if (numbers.length === 1) this.numbersOfId.delete(update.id);
    else numbers.shift();
  }
}

/** What keeping an update costs, about. */
export function bytesOf(update: Update): number {
  let bytes = ENTRY_OVERHEAD + Buffer.byteLength(update.data) + Buffer.byteLength(update.id);
  for (const topic of update.topics) bytes += Buffer.byteLength(topic);
  return bytes;
}

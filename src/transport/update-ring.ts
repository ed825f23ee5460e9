import { timeOfId } from '../update/update-id.js';
import type { Update } from '../update/update.js';
import type { Cursor, HistoryPage, Position, StoredUpdate } from './transport.js';

/** 0 means unbounded for bytes and age, and "keep none" for the count. */
export interface RingBounds {
  readonly maxUpdates: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

interface Entry extends StoredUpdate {
  readonly bytes: number;
  /** Monotonic, so that a wall clock set back or forth neither keeps nor drops anything. */
  readonly keptAt: number;
  /** Wall clock, compared only with the time inside a UUIDv7. */
  readonly madeAt: number;
}

const PAGE_UPDATES = 500;
const PAGE_BYTES = 1024 * 1024;
/** What an entry costs beside its text: objects, the index. */
const ENTRY_OVERHEAD = 200;

/**
 * The newest updates, by position and by id, within bounds. Numbers every update; positions are those numbers.
 * Appending, trimming and looking up are O(1).
 */
export class UpdateRing {
  /** Slots before `head` are already trimmed; they are cut off when they outnumber the rest. */
  private entries: Entry[] = [];
  private head = 0;
  /** The number of `entries[0]`, trimmed or not. */
  private base = 1;
  private bytes = 0;
  /** The numbers an id was given, oldest first: an id may be reused, and means its first kept update. */
  private readonly numbersOfId = new Map<string, number[]>();
  /** Outlives its update: a cursor equal to it has missed nothing. */
  private newestId: string | undefined;

  constructor(private readonly bounds: RingBounds) {}

  push(update: Update): StoredUpdate {
    const number = this.base + this.entries.length;
    const entry: Entry = {
      position: String(number),
      update,
      bytes: bytesOf(update),
      keptAt: performance.now(),
      madeAt: Date.now(),
    };
    this.entries.push(entry);
    this.bytes += entry.bytes;
    const numbers = this.numbersOfId.get(update.id);
    if (numbers) numbers.push(number);
    else this.numbersOfId.set(update.id, [number]);
    this.newestId = update.id;
    this.trim();
    return entry;
  }

  /** The position of the newest update ever pushed. */
  newest(): Position {
    return String(this.base + this.entries.length - 1);
  }

  /** The position before the oldest kept update. */
  earliest(): Position {
    this.trim();
    return String(this.base + this.head - 1);
  }

  locate(id: string): Cursor {
    this.trim();
    const first = this.numbersOfId.get(id)?.[0];
    if (first !== undefined) return { found: true, position: String(first) };
    if (id === this.newestId) return { found: true, position: this.newest() };
    const madeAt = timeOfId(id);
    const oldest = this.entries[this.head];
    const expired = madeAt !== undefined && oldest !== undefined && madeAt < oldest.madeAt;
    return { found: false, reason: expired ? 'expired' : 'unknown' };
  }

  read(after: Position, until: Position): HistoryPage | undefined {
    this.trim();
    let index = Number(after) + 1 - this.base;
    if (index < this.head) return undefined;
    const end = Math.min(Number(until) + 1 - this.base, this.entries.length);
    const updates: StoredUpdate[] = [];
    let bytes = 0;
    for (; index < end && updates.length < PAGE_UPDATES && bytes < PAGE_BYTES; index++) {
      const entry = this.entries[index]!;
      updates.push(entry);
      bytes += entry.bytes;
    }
    return { updates, end: index >= end ? until : updates.at(-1)!.position };
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
      this.base += this.head;
      this.head = 0;
    }
  }

  private dropOldest(): void {
    const { update, bytes } = this.entries[this.head]!;
    this.head++;
    this.bytes -= bytes;
    const numbers = this.numbersOfId.get(update.id)!;
    if (numbers.length === 1) this.numbersOfId.delete(update.id);
    else numbers.shift();
  }
}

function bytesOf(update: Update): number {
  let bytes = ENTRY_OVERHEAD + Buffer.byteLength(update.data) + Buffer.byteLength(update.id);
  for (const topic of update.topics) bytes += Buffer.byteLength(topic);
  return bytes;
}

import { bytesOf, type RingBounds } from './update-ring.js';
import type { HistoryPage, Position, StoredUpdate } from './transport.js';

export const PAGE_UPDATES = 500;
export const PAGE_BYTES = 1024 * 1024;

/**
 * The newest updates a node has delivered, in front of a store: when all its clients come back at once they read
 * memory, not the database.
 */
export class RecentUpdates {
  /** Slots before `head` are dropped and empty; they are cut off when they outnumber the rest. */
  private entries: (StoredUpdate | undefined)[] = [];
  private head = 0;
  private bytes = 0;
  /** How many were pushed before `entries[0]`, so that `slots` need not be counted anew when slots are cut off. */
  private offset = 0;
  private readonly slots = new Map<Position, number>();

  /**
   * @param bounds count and bytes; age is the store's business
   * @param floor the position before the first update to come
   */
  constructor(
    private readonly bounds: Omit<RingBounds, 'maxAgeMs'>,
    private floor: Position,
  ) {}

  push(batch: readonly StoredUpdate[]): void {
    for (const stored of batch) {
      this.slots.set(stored.position, this.offset + this.entries.length);
      this.entries.push(stored);
      this.bytes += bytesOf(stored.update);
    }
    this.trim();
  }

  /** Forgets everything: what comes next follows another position. */
  restart(floor: Position): void {
    this.offset += this.entries.length;
    this.entries = [];
    this.head = 0;
    this.bytes = 0;
    this.slots.clear();
    this.floor = floor;
  }

  /** A page, as `Transport.read` has it; undefined: not all of it is here, the store knows. */
  read(after: Position, until: Position): HistoryPage | undefined {
    const from = this.indexAfter(after);
    const end = this.indexAfter(until);
    if (from === undefined || end === undefined) return undefined;
    if (from >= end) return { updates: [], end: from > end ? after : until };
    let bytes = 0;
    let next = from;
    while (next < end && next - from < PAGE_UPDATES && bytes < PAGE_BYTES) {
      bytes += bytesOf(this.entries[next]!.update);
      next++;
    }
    const updates = this.entries.slice(from, next) as StoredUpdate[];
    return { updates, end: next === end ? until : updates.at(-1)!.position };
  }

  private indexAfter(position: Position): number | undefined {
    if (position === this.floor) return this.head;
    const slot = this.slots.get(position);
    return slot === undefined ? undefined : slot - this.offset + 1;
  }

  private isOver(): boolean {
    const { maxUpdates, maxBytes } = this.bounds;
    const kept = this.entries.length - this.head;
    return kept > 0 && (kept > maxUpdates || (maxBytes !== 0 && this.bytes > maxBytes));
  }

  private trim(): void {
    while (this.isOver()) {
      const { position, update } = this.entries[this.head]!;
      this.slots.delete(position);
      this.bytes -= bytesOf(update);
      this.floor = position;
      // Not when slots are cut off: a thousand large updates would be kept past any bound until then.
      this.entries[this.head++] = undefined;
    }
    if (this.head > 1024 && this.head * 2 > this.entries.length) {
      this.entries = this.entries.slice(this.head);
      this.offset += this.head;
      this.head = 0;
    }
  }
}

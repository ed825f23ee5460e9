import { timeOfId } from '../update/update-id.js';
import type { Update } from '../update/update.js';
import { PAGE_BYTES, PAGE_UPDATES } from './recent-updates.js';
import type { AppendKind, Cursor, HistoryPage, Position, StoredUpdate } from './transport.js';
import { type Numbered, type RingBounds, UpdateRing } from './update-ring.js';

/** What is kept of events about subscriptions, whatever the bounds of updates. */
const PRESENCE_BOUNDS: RingBounds = { maxUpdates: 10_000, maxBytes: 0, maxAgeMs: 600_000 };

/**
 * A bounded history in memory: one order, in which updates and events about subscriptions are kept by bounds of their
 * own. Positions are the numbers of that order.
 */
export class UpdateHistory {
  private count = 0;
  private readonly updates: UpdateRing;
  private readonly presence = new UpdateRing(PRESENCE_BOUNDS);
  /** Outlives its update: a cursor equal to it has missed nothing. */
  private newestId: string | undefined;

  constructor(bounds: RingBounds) {
    this.updates = new UpdateRing(bounds);
  }

  push(update: Update, kind: AppendKind): Numbered {
    const number = ++this.count;
    this.newestId = update.id;
    return (kind === 'presence' ? this.presence : this.updates).push(number, update);
  }

  /** The position of the newest update there ever was. */
  newest(): Position {
    return String(this.count);
  }

  /** The position before the oldest kept update: nothing after it is missing. */
  earliest(): Position {
    return String(this.updates.droppedUpTo);
  }

  locate(id: string): Cursor {
    const number = earlier(this.updates.numberOf(id), this.presence.numberOf(id));
    // Of an event about a subscription that is older than the oldest update, what followed may be missing.
    if (number !== undefined && number >= this.updates.droppedUpTo)
      return { found: true, position: String(number) };
    if (id === this.newestId) return { found: true, position: this.newest() };
    const madeAt = timeOfId(id);
    const { oldest } = this.updates;
    const expired = madeAt !== undefined && oldest !== undefined && madeAt < oldest.madeAt;
    return { found: false, reason: expired ? 'expired' : 'unknown' };
  }

  read(after: Position, until: Position): HistoryPage | undefined {
    const from = Number(after);
    const end = Number(until);
    if (from < this.updates.droppedUpTo) return undefined;
    const updates: StoredUpdate[] = [];
    const presenceDropped = from < this.presence.droppedUpTo;
    let bytes = 0;
    for (const entry of inOrder(this.updates.after(from), this.presence.after(from))) {
      if (entry.number > end) break;
      if (updates.length === PAGE_UPDATES || bytes >= PAGE_BYTES) {
        return { updates, end: updates.at(-1)!.position, presenceDropped };
      }
      updates.push(entry);
      bytes += entry.bytes;
    }
    return { updates, end: from > end ? after : until, presenceDropped };
  }
}

/** An id of either kind means its first occurrence. */
function earlier(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}

/** Two sequences of rising numbers as one. */
function* inOrder(
  one: Iterator<Numbered, void>,
  other: Iterator<Numbered, void>,
): Generator<Numbered, void, void> {
  let left = one.next();
  let right = other.next();
  while (!left.done || !right.done) {
    if (right.done || (!left.done && left.value.number < right.value.number)) {
      yield left.value as Numbered;
      left = one.next();
    } else {
      yield right.value;
      right = other.next();
    }
  }
}

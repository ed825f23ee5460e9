import type { Position, StartPoint, StoredUpdate } from '../transport/transport.js';
import type { Update } from '../update/update.js';

/** What one flush takes, in characters: an audience's frame is held in memory by every audience it is for. */
export const MAX_FLUSH = 1024 * 1024;

/** A place in the order from which what came before is not all there. */
export interface GapMark {
  /** What follows comes after it. */
  readonly gap: Position;
  readonly newest: StartPoint['newest'];
}

/** What the transport told and was not dispatched yet, in its order. */
export class Pending {
  private queue: (StoredUpdate | GapMark)[] = [];
  private characters = 0;
  private gaps = 0;

  /** How many updates and gaps. */
  get length(): number {
    return this.queue.length;
  }

  /** Of the updates, in characters. */
  get size(): number {
    return this.characters;
  }

  push(told: StoredUpdate | GapMark): void {
    this.queue.push(told);
    if (isGap(told)) this.gaps++;
    else this.characters += sizeOf(told.update);
  }

  /** What one flush carries: updates as far as they fit, at least one; or a gap. */
  take(): readonly StoredUpdate[] | GapMark {
    const [first] = this.queue;
    if (first && isGap(first)) {
      this.queue.shift();
      this.gaps--;
      return first;
    }
    const count = this.countForFlush();
    if (count === this.queue.length) return this.takeAll();
    const batch = this.queue.splice(0, count) as StoredUpdate[];
    for (const { update } of batch) this.characters -= sizeOf(update);
    return batch;
  }

  private takeAll(): readonly StoredUpdate[] {
    const all = this.queue as StoredUpdate[];
    this.queue = [];
    this.characters = 0;
    return all;
  }

  private countForFlush(): number {
    if (this.gaps === 0 && this.characters <= MAX_FLUSH) return this.queue.length;
    let size = 0;
    const rest = this.queue.findIndex((told) => isGap(told) || (size += sizeOf(told.update)) > MAX_FLUSH);
    return rest === -1 ? this.queue.length : Math.max(1, rest);
  }
}

export function isGap(told: StoredUpdate | readonly StoredUpdate[] | GapMark): told is GapMark {
  return 'gap' in told;
}

/** In characters: topics are up to a thousand, of eight thousand each. */
function sizeOf({ id, topics, data }: Update): number {
  let size = id.length + data.length;
  for (const topic of topics) size += topic.length;
  return size;
}

import type { OnceWindow } from '../abilities.js';
import { bodyDigest } from '../body-digest.js';
import type { Entry, Place } from './log.js';

/** What of several calls was stored, when each publication is to be stored once. */
export interface StoredOnce {
  /** The place of the first entry; undefined: all were stored before. */
  readonly first: Place | undefined;
  readonly entries: readonly Entry[];
  /** Calls that are refused whole, by their number, each with the id that is known with another body. */
  readonly refused: ReadonlyMap<number, string>;
}

/** What of several calls is to be stored. */
export interface Sifted extends Omit<StoredOnce, 'first'> {
  /** By id, of the entries. */
  readonly digests: ReadonlyMap<string, string>;
}

/**
 * Leaves out what is stored already; of two calls the first is the first.
 *
 * @param known the digests of what was stored within the window, by id
 */
export function sift(calls: readonly (readonly Entry[])[], known: ReadonlyMap<string, string>): Sifted {
  const entries: Entry[] = [];
  const digests = new Map<string, string>();
  const refused = new Map<number, string>();
  for (const [number, call] of calls.entries()) {
    const fresh = new Map<string, readonly [Entry, digest: string]>();
    const conflict = call.find((entry) => {
      const { id } = entry.update;
      const digest = bodyDigest(entry.update);
      const stored = known.get(id) ?? digests.get(id) ?? fresh.get(id)?.[1];
      if (stored === undefined) fresh.set(id, [entry, digest]);
      return stored !== undefined && stored !== digest;
    });
    if (conflict) {
      refused.set(number, conflict.update.id);
      continue;
    }
    for (const [id, [entry, digest]] of fresh) {
      entries.push(entry);
      digests.set(id, digest);
    }
  }
  return { entries, digests, refused };
}

export function idsOf(calls: readonly (readonly Entry[])[]): string[] {
  return [...new Set(calls.flatMap((call) => call.map(({ update }) => update.id)))];
}

/** How long ago something may have been stored to be known, in milliseconds. */
export function longestAge({ maxAgeMs }: OnceWindow): number {
  return maxAgeMs === 0 ? Number.MAX_SAFE_INTEGER : maxAgeMs;
}

/** Of the window's count that may be over, and the time that may pass, before what is over is looked for. */
const SLACK = 1 / 20;
const FORGET_MS = 5000;
/** Where the window has no count. */
const USUAL_COUNT = 10_000;

/** Says when it is time to forget ids past the window: finding them costs as much as the window is long. */
export class ForgetTimes {
  private remembered = 0;
  private last = performance.now();

  isDue(remembered: number, { maxCount }: OnceWindow): boolean {
    this.remembered += remembered;
    const isRipe = this.remembered >= (maxCount || USUAL_COUNT) * SLACK;
    if (!isRipe && performance.now() - this.last < FORGET_MS) return false;
    this.remembered = 0;
    this.last = performance.now();
    return true;
  }
}

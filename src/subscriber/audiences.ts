import type { Matcher } from '../topic/matcher.js';
import type { IndexEntry, SubscriptionIndex } from '../topic/subscription-index.js';
import type { Update } from '../update/update.js';
import { Audience } from './audience.js';

/** The audiences there are, and which of them an update is for. */
export class Audiences {
  private readonly byKey = new Map<string, Audience>();

  constructor(private readonly index: SubscriptionIndex<Audience>) {}

  /**
   * The audience of these matchers and grants, made if need be. Every call is answered by one `release`. Yields
   * between patterns: a hundred that are made to be slow compile for a good part of a second.
   *
   * @throws MercureError MATCHER_INVALID (400), TOO_MANY_PATTERNS (429); nothing is held then
   */
  *hold(matchers: readonly Matcher[], granted: readonly Matcher[]): Generator<void, Audience, void> {
    const key = keyOf(matchers, granted);
    if (!this.byKey.has(key)) {
      const made = yield* this.create(key, matchers, granted);
      // Somebody who asked for the same may have been faster meanwhile.
      if (this.byKey.has(key)) this.giveBack(made);
      else this.byKey.set(key, made);
    }
    const audience = this.byKey.get(key)!;
    audience.holders++;
    return audience;
  }

  release(audience: Audience): void {
    if (--audience.holders > 0) return;
    this.byKey.delete(audience.key);
    this.giveBack(audience);
  }

  private giveBack(audience: Audience): void {
    for (const entry of audience.listens) entry.listeners.delete(audience);
    for (const entry of audience.granted) entry.granted.delete(audience);
    for (const entry of [...audience.listens, ...audience.granted]) this.index.release(entry);
  }

  [Symbol.iterator](): Iterator<Audience> {
    return this.byKey.values();
  }

  /** Whether one of the updates may be for somebody; false is certain. */
  mayReach(updates: readonly Update[]): boolean {
    return updates.some(({ topics }) => this.index.mayMatch(topics));
  }

  /**
   * The audiences an update is for: those that listen to one of its topics and, when it is private, are granted
   * one of them, which may be another one. Yields where the caller may look at the clock.
   */
  *of(update: Update): Generator<void, Iterable<Audience>, void> {
    const [first, ...others] = update.topics;
    let entries = yield* this.index.matching(first!);
    for (const topic of others) entries = [...entries, ...(yield* this.index.matching(topic))];
    return whoReceives(update, entries);
  }

  /** The same at once, where it needs no looking at the clock; undefined: ask `of`. Most updates are found here. */
  known(update: Update): Iterable<Audience> | undefined {
    if (update.topics.length !== 1) return undefined;
    const entries = this.index.known(update.topics[0]!);
    return entries && whoReceives(update, entries);
  }

  private *create(
    key: string,
    matchers: readonly Matcher[],
    granted: readonly Matcher[],
  ): Generator<void, Audience, void> {
    const held: IndexEntry<Audience>[] = [];
    try {
      for (const matcher of [...matchers, ...granted]) {
        held.push(this.index.acquire(matcher));
        yield;
      }
      const audience = new Audience(key, held.slice(0, matchers.length), held.slice(matchers.length));
      for (const entry of audience.listens) entry.listeners.add(audience);
      for (const entry of audience.granted) entry.granted.add(audience);
      return audience;
    } catch (error) {
      for (const entry of held) this.index.release(entry);
      throw error;
    }
  }
}

/**
 * Canonical JSON of the sorted matchers and grants. Not joined strings: any separator may stand inside a pattern,
 * and two audiences with one key would be each other's leak.
 */
function keyOf(matchers: readonly Matcher[], granted: readonly Matcher[]): string {
  return JSON.stringify([canonical(matchers), canonical(granted)]);
}

function canonical(matchers: readonly Matcher[]): string[] {
  return [...new Set(matchers.map(({ type, pattern }) => JSON.stringify([type, pattern])))].toSorted();
}

const NOBODY: ReadonlySet<Audience> = new Set();

function whoReceives(update: Update, entries: readonly IndexEntry<Audience>[]): Iterable<Audience> {
  const listening = union(entries, 'listeners');
  if (!update.private || listening.size === 0) return listening;
  const granted = union(entries, 'granted');
  // Either side may be everybody (all listen to `*`, or all were granted it): walk the smaller.
  return listening.size < granted.size ? both(listening, granted) : both(granted, listening);
}

function union(
  entries: readonly IndexEntry<Audience>[],
  side: 'listeners' | 'granted',
): ReadonlySet<Audience> {
  if (entries.length === 1) return entries[0]![side];
  const sets = entries.map((entry) => entry[side]).filter((set) => set.size > 0);
  if (sets.length < 2) return sets[0] ?? NOBODY;
  const all = new Set<Audience>();
  for (const set of sets) for (const audience of set) all.add(audience);
  return all;
}

function both(smaller: ReadonlySet<Audience>, larger: ReadonlySet<Audience>): Audience[] {
  return [...smaller].filter((audience) => larger.has(audience));
}

import { MercureError } from '../errors.js';
import { compileMatcher } from './compile-matcher.js';
import { IndexEntry, isHeld, unitsOf } from './index-entry.js';
import { type Matcher, type MatcherType, meantMatcher } from './matcher.js';
import { PatternIndex } from './pattern-index.js';

export { IndexEntry, unitsOf };

/**
 * Who matches a topic, without asking everybody: exact topics are looked up, and of the patterns only those are asked
 * that the topic leads to.
 *
 * @typeParam L whoever listens, or is granted something
 */
export class SubscriptionIndex<L> {
  private readonly base: string;
  private readonly maxUnits: number;
  private readonly entries: Readonly<Record<MatcherType, Map<string, IndexEntry<L>>>> = {
    all: new Map(),
    exact: new Map(),
    urlpattern: new Map(),
    template: new Map(),
  };
  private readonly patterns: PatternIndex<L>;
  private heldUnits = 0;

  /**
   * @param options.base the absolute URL of the hub
   * @param options.maxUnits units of distinct patterns held at once, a unit being 32 automaton positions; 0: unbounded
   */
  constructor(options: { base: string; maxUnits: number }) {
    this.base = options.base;
    this.maxUnits = options.maxUnits;
    this.patterns = new PatternIndex(options.base);
  }

  /** Units of all distinct patterns held now. */
  get units(): number {
    return this.heldUnits;
  }

  /**
   * The entry of a matcher, compiled once however often it is acquired. Each acquisition must be released.
   *
   * @throws MercureError MATCHER_INVALID (400); TOO_MANY_PATTERNS (429) when one more pattern would pass `maxUnits`
   */
  acquire(matcher: Matcher): IndexEntry<L> {
    const { type, pattern } = meantMatcher(matcher);
    let entry = this.entries[type].get(pattern);
    if (entry === undefined) {
      entry = new IndexEntry<L>(compileMatcher({ type, pattern }, this.base));
      this.insert(entry);
    }
    entry.refs += 1;
    return entry;
  }

  /** Gives back an acquisition; the last one removes the entry. */
  release(entry: IndexEntry<L>): void {
    entry.refs -= 1;
    if (isHeld(entry)) return;
    const { matcher, address } = entry.compiled;
    this.entries[matcher.type].delete(matcher.pattern);
    this.heldUnits -= unitsOf(entry);
    if (address !== undefined) this.patterns.delete(address, entry);
  }

  /**
   * All entries that match the topic, each once, in no order. Yields after about a millisecond of work, so that the
   * caller can let others run. Entries acquired in such a pause are found too, released ones are not.
   */
  *matching(topic: string): Generator<void, readonly IndexEntry<L>[], void> {
    return this.withPlain(topic, yield* this.patterns.matching(topic));
  }

  /** The same at once, where no pattern has to be asked for it; undefined: ask `matching`. */
  known(topic: string): readonly IndexEntry<L>[] | undefined {
    const patterns = this.patterns.known(topic);
    return patterns && this.withPlain(topic, patterns);
  }

  /** Adds those who follow everything, and those of exactly this topic. */
  private withPlain(topic: string, patterns: readonly IndexEntry<L>[]): readonly IndexEntry<L>[] {
    const { all, exact } = this.entries;
    const entry = exact.get(topic);
    if (all.size === 0) return entry === undefined ? patterns : [...patterns, entry];
    return [...all.values(), ...patterns, ...(entry === undefined ? [] : [entry])];
  }

  /** Whether anything held may match one of the topics: false is certain, true is not, and neither costs a match. */
  mayMatch(topics: readonly string[]): boolean {
    const { all, urlpattern, template, exact } = this.entries;
    return all.size + urlpattern.size + template.size > 0 || topics.some((topic) => exact.has(topic));
  }

  /** @throws MercureError TOO_MANY_PATTERNS (429) */
  private insert(entry: IndexEntry<L>): void {
    const units = unitsOf(entry);
    if (this.maxUnits > 0 && this.heldUnits + units > this.maxUnits) {
      throw new MercureError(
        'TOO_MANY_PATTERNS',
        429,
        'too many distinct patterns',
        'Subscribe to exact topics or to fewer, simpler patterns; the operator can raise maxPatterns.',
      );
    }
    const { matcher, address } = entry.compiled;
    this.entries[matcher.type].set(matcher.pattern, entry);
    this.heldUnits += units;
    if (address !== undefined) this.patterns.add(address, entry);
  }
}

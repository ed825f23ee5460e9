import { MercureError } from '../errors.js';
import { addressesOf } from './address.js';
import { steps } from './automaton/steps.js';
import { ByteCache } from './byte-cache.js';
import { type CompiledMatcher, compileMatcher } from './compile-matcher.js';
import { type Matcher, type MatcherType, meantMatcher } from './matcher.js';
import { SegmentTree } from './segment-tree.js';
import { Topic } from './topic.js';

/** Automaton positions in one unit of a pattern's cost. */
const POSITIONS_PER_UNIT = 32;
/** Steps between two yields: less than a millisecond, measured on the slowest kind of step. */
const STEPS_PER_SLICE = 50_000;
/** What asking a pattern costs before the first symbol is read, in steps. */
const STEPS_PER_QUESTION = 10;
/** Bytes of topics and answers kept. */
const CACHE_BYTES = 4 * 1024 * 1024;
/** Changes after which the cache starts afresh, so that answers never have to catch up with more. */
const MAX_CHANGES = 256;

/** One matcher in the index, however many ask for it. */
export class IndexEntry<L> {
  /** Those who listen to its topics. */
  readonly listeners = new Set<L>();
  /** Those to whom its topics are granted. */
  readonly granted = new Set<L>();
  /** How many acquisitions are not released yet; the index keeps it. */
  refs = 0;

  constructor(readonly compiled: CompiledMatcher) {}
}

/** What an entry costs of `maxUnits`: nothing for exact topics and `*`, at least one unit for a pattern. */
export function unitsOf(entry: IndexEntry<unknown>): number {
  const { address, positions } = entry.compiled;
  return address === undefined ? 0 : Math.max(1, Math.ceil(positions / POSITIONS_PER_UNIT));
}

/** An addition to the index, leading to the next one: an answer knows how far it has come. */
interface Change<L> {
  readonly entry: IndexEntry<L> | undefined;
  next: Change<L> | undefined;
}

/** The patterns found to match a topic, complete up to a change. */
interface Answer<L> {
  readonly entries: readonly IndexEntry<L>[];
  readonly upTo: Change<L>;
}

/**
 * Who matches a topic, without asking everybody: exact topics are looked up, patterns are reached through the origin
 * and the leading path segments they fix, and what was found is remembered per topic.
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
  private readonly trees = new Map<string, SegmentTree<IndexEntry<L>>>();
  private readonly answers = new ByteCache<Answer<L>>(CACHE_BYTES);
  private lastChange: Change<L> = { entry: undefined, next: undefined };
  private changes = 0;
  private heldUnits = 0;

  /**
   * @param options.base the absolute URL of the hub
   * @param options.maxUnits units of distinct patterns held at once, a unit being 32 automaton positions; 0: unbounded
   */
  constructor(options: { base: string; maxUnits: number }) {
    this.base = options.base;
    this.maxUnits = options.maxUnits;
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
    if (entry.refs > 0) return;
    const { matcher, address } = entry.compiled;
    this.entries[matcher.type].delete(matcher.pattern);
    this.heldUnits -= unitsOf(entry);
    if (address === undefined) return;
    const tree = this.trees.get(address.origin)!;
    tree.delete(address.segments, entry);
    if (tree.isEmpty) this.trees.delete(address.origin);
    // Answers drop entries that nobody holds by themselves; but they must not keep such entries for ever.
    this.countChange();
  }

  /**
   * All entries that match the topic, each once, in no order. Yields after about a millisecond of work, so that the
   * caller can let others run. Entries acquired in such a pause are found too, released ones are not.
   */
  *matching(topic: string): Generator<void, readonly IndexEntry<L>[], void> {
    const patterns = this.trees.size === 0 ? [] : (yield* this.answer(topic)).entries;
    const found = [...this.entries.all.values(), ...patterns];
    const exact = this.entries.exact.get(topic);
    if (exact !== undefined) found.push(exact);
    return found;
  }

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
    if (address === undefined) return;
    const tree = this.trees.get(address.origin) ?? new SegmentTree();
    this.trees.set(address.origin, tree);
    tree.add(address.segments, entry);
    this.lastChange = this.lastChange.next = { entry, next: undefined };
    this.countChange();
  }

  private countChange(): void {
    this.changes += 1;
    if (this.changes < MAX_CHANGES) return;
    this.changes = 0;
    this.answers.clear();
  }

  private *answer(value: string): Generator<void, Answer<L>, void> {
    const topic = new Topic(value, this.base);
    const known = this.answers.get(value);
    const answer = yield* this.catchUp(known ?? (yield* this.search(topic)), topic);
    if (answer !== known) this.answers.set(value, answer, 8 * answer.entries.length);
    return answer;
  }

  /** Asks every pattern that the topic's address leads to. */
  private *search(topic: Topic): Generator<void, Answer<L>, void> {
    const upTo = this.lastChange;
    const candidates: IndexEntry<L>[] = [];
    for (const { origin, segments } of addressesOf(topic)) {
      this.trees.get(origin)?.collect(segments, candidates);
    }
    const entries: IndexEntry<L>[] = [];
    let limit = steps.count + STEPS_PER_SLICE;
    for (const entry of candidates) {
      if (steps.count >= limit) {
        yield;
        limit = steps.count + STEPS_PER_SLICE;
      }
      steps.count += STEPS_PER_QUESTION;
      if (yield* this.test(entry, topic)) entries.push(entry);
    }
    return { entries, upTo };
  }

  /** Adds what was acquired since the answer was found, and leaves out what was released. */
  private *catchUp(answer: Answer<L>, topic: Topic): Generator<void, Answer<L>, void> {
    let { upTo } = answer;
    if (upTo.next === undefined && answer.entries.every(isHeld)) return answer;
    const entries = [...answer.entries];
    while (upTo.next !== undefined) {
      upTo = upTo.next;
      const { entry } = upTo;
      if (entry !== undefined && isHeld(entry) && (yield* this.test(entry, topic))) entries.push(entry);
    }
    return { entries: entries.filter(isHeld), upTo };
  }

  private *test(entry: IndexEntry<L>, topic: Topic): Generator<void, boolean, void> {
    const { compiled } = entry;
    // What cannot be long is asked directly: a generator costs more than most verdicts.
    if (compiled.positions * topic.value.length < STEPS_PER_SLICE) return compiled.matches(topic);
    return yield* compiled.test(topic, STEPS_PER_SLICE);
  }
}

function isHeld(entry: IndexEntry<unknown>): boolean {
  return entry.refs > 0;
}

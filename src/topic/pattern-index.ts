import { type Address, addressesOf } from './address.js';
import { steps } from './automaton/steps.js';
import { ByteCache } from './byte-cache.js';
import { type IndexEntry, isHeld } from './index-entry.js';
import { SegmentTree } from './segment-tree.js';
import { Topic } from './topic.js';

/** Steps between two yields: less than a millisecond, measured on the slowest kind of step. */
const STEPS_PER_SLICE = 50_000;
/** What asking a pattern costs before the first symbol is read, in steps. */
const STEPS_PER_QUESTION = 10;
/** Bytes of topics and answers kept. */
const CACHE_BYTES = 4 * 1024 * 1024;
/** Changes after which the cache starts afresh, so that answers never have to catch up with more. */
const MAX_CHANGES = 256;

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

const NONE: readonly never[] = [];

/** Whether nothing was added since, and nothing of it released. */
function isCurrent({ entries, upTo }: Answer<unknown>): boolean {
  return upTo.next === undefined && entries.every(isHeld);
}

/**
 * The URL Patterns and templates of an index: reached through the origin and the leading path segments they fix, and
 * asked once per distinct topic. An answer that was remembered over changes asks only what was added since.
 */
export class PatternIndex<L> {
  private readonly trees = new Map<string, SegmentTree<IndexEntry<L>>>();
  private readonly answers = new ByteCache<Answer<L>>(CACHE_BYTES);
  private lastChange: Change<L> = { entry: undefined, next: undefined };
  private changes = 0;

  /** @param base the absolute URL of the hub */
  constructor(private readonly base: string) {}

  add(address: Address, entry: IndexEntry<L>): void {
    const tree = this.trees.get(address.origin) ?? new SegmentTree();
    this.trees.set(address.origin, tree);
    tree.add(address.segments, entry);
    this.lastChange = this.lastChange.next = { entry, next: undefined };
    this.countChange();
  }

  /** Removes an entry that nobody holds any more. */
  delete(address: Address, entry: IndexEntry<L>): void {
    const tree = this.trees.get(address.origin);
    if (tree === undefined) return;
    tree.delete(address.segments, entry);
    if (tree.isEmpty) this.trees.delete(address.origin);
    // Answers leave out entries that nobody holds by themselves; but they must not keep them in memory for ever.
    this.countChange();
  }

  /** The entries that match a topic, where that is known already; undefined: ask `matching`. */
  known(value: string): readonly IndexEntry<L>[] | undefined {
    if (this.trees.size === 0) return NONE;
    const answer = this.answers.get(value);
    return answer && isCurrent(answer) ? answer.entries : undefined;
  }

  /** The entries that match a topic, with a yield after about a millisecond of work. */
  *matching(value: string): Generator<void, readonly IndexEntry<L>[], void> {
    if (this.trees.size === 0) return [];
    const topic = new Topic(value, this.base);
    const known = this.answers.get(value);
    const answer = yield* this.catchUp(known ?? (yield* this.search(topic)), topic);
    if (answer !== known) this.answers.set(value, answer, 8 * answer.entries.length);
    return answer.entries;
  }

  private countChange(): void {
    this.changes += 1;
    if (this.changes < MAX_CHANGES) return;
    this.changes = 0;
    this.answers.clear();
  }

  /** Asks every pattern that the topic's address leads to. */
  private *search(topic: Topic): Generator<void, Answer<L>, void> {
    const upTo = this.lastChange;
    const candidates: IndexEntry<L>[] = [];
    for (const { origin, segments } of addressesOf(topic)) {
      this.trees.get(origin)?.collect(segments, candidates);
    }
    return { entries: yield* this.ask(candidates, topic), upTo };
  }

  /** Adds what was acquired since the answer was found, and leaves out what was released. */
  private *catchUp(answer: Answer<L>, topic: Topic): Generator<void, Answer<L>, void> {
    let { entries, upTo } = answer;
    if (isCurrent(answer)) return answer;
    // While these are asked, more may come.
    while (upTo.next !== undefined) {
      const added: IndexEntry<L>[] = [];
      for (; upTo.next !== undefined; upTo = upTo.next) {
        if (upTo.next.entry !== undefined) added.push(upTo.next.entry);
      }
      entries = [...entries, ...(yield* this.ask(added, topic))];
    }
    return { entries: entries.filter(isHeld), upTo };
  }

  private *ask(candidates: readonly IndexEntry<L>[], topic: Topic): Generator<void, IndexEntry<L>[], void> {
    const matching: IndexEntry<L>[] = [];
    let limit = steps.count + STEPS_PER_SLICE;
    for (const entry of candidates) {
      if (steps.count >= limit) {
        yield;
        limit = steps.count + STEPS_PER_SLICE;
      }
      // Released in a pause.
      if (!isHeld(entry)) continue;
      steps.count += STEPS_PER_QUESTION;
      const { compiled } = entry;
      // What cannot take long is asked directly: a generator costs more than most verdicts.
      const isShort = compiled.positions * topic.size < STEPS_PER_SLICE;
      const verdict = isShort ? compiled.matches(topic) : yield* compiled.test(topic, STEPS_PER_SLICE);
      if (verdict) matching.push(entry);
    }
    return matching;
  }
}

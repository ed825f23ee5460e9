import { compileMatcher } from '../../../src/topic/compile-matcher.js';
import type { MatcherType } from '../../../src/topic/matcher.js';
import type { IndexEntry, SubscriptionIndex } from '../../../src/topic/subscription-index.js';
import { steps } from '../../../src/topic/automaton/steps.js';
import { Topic } from '../../../src/topic/topic.js';

/** The hub that relative patterns and topics of these tests are resolved against. */
export const HUB = 'https://hub.example.com/.well-known/mercure';

export function matches(type: MatcherType, pattern: string, topic: string): boolean {
  return compileMatcher({ type, pattern }, HUB).matches(new Topic(topic, HUB));
}

/** The steps that one verdict takes, and the verdict. */
export function cost(type: MatcherType, pattern: string, topic: string): { steps: number; verdict: boolean } {
  const compiled = compileMatcher({ type, pattern }, HUB);
  const before = steps.count;
  const verdict = compiled.matches(new Topic(topic, HUB));
  return { steps: steps.count - before, verdict };
}

/** Runs a search of the index to its end, without pausing. */
export function found<L>(index: SubscriptionIndex<L>, topic: string): readonly IndexEntry<L>[] {
  return pausing(index, topic).entries;
}

/** Likewise, and how often it paused. */
export function pausing<L>(
  index: SubscriptionIndex<L>,
  topic: string,
): { entries: readonly IndexEntry<L>[]; pauses: number } {
  const search = index.matching(topic);
  for (let pauses = 0; ; pauses++) {
    const step = search.next();
    if (step.done === true) return { entries: step.value, pauses };
  }
}

/** The patterns of entries, sorted. */
export function patternsOf(entries: readonly IndexEntry<unknown>[]): string[] {
  return entries.map((entry) => entry.compiled.matcher.pattern).toSorted();
}

/** Letters a and b without any regularity that a table could learn, the same in every run. */
export function noise(length: number, seed = 7): string {
  let state = seed;
  let text = '';
  while (text.length < length) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    text += state > 1_073_741_824 ? 'a' : 'b';
  }
  return text;
}

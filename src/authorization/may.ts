import { type CompiledMatcher, compileMatcher } from '../topic/compile-matcher.js';
import type { Matcher } from '../topic/matcher.js';
import { Topic } from '../topic/topic.js';
import type { Grants } from './grants.js';

interface HubAddress {
  /** Absolute URL of the hub: relative patterns and topics resolve against it. */
  readonly hubUrl: URL;
}

/**
 * Whether an update may be published: every topic of it, canonical and alternate alike, needs a grant, for each of
 * them widens who receives the update.
 */
export function mayPublish(
  grants: Grants,
  topics: readonly string[],
  isPrivate: boolean,
  hub: HubAddress,
): boolean {
  if (grants.publishAnyPublic && !isPrivate) return true;
  return topics.length > 0 && topics.every((topic) => covers(grants.publish, topic, hub));
}

/** Whether a private update with these topics may be received: a grant for one of them is enough. */
export function mayReceive(grants: Grants, topics: readonly string[], hub: HubAddress): boolean {
  return topics.some((topic) => covers(grants.subscribe, topic, hub));
}

/** Whether one of a token's matchers matches a topic. */
export function covers(granted: readonly Matcher[], value: string, hub: HubAddress): boolean {
  const topic = new Topic(value, hub.hubUrl.href);
  return compiled(granted, hub).some((matcher) => matcher.matches(topic));
}

// Keyed by the list of one proved token, so that it lives exactly as long as the proof.
const cache = new WeakMap<
  readonly Matcher[],
  { readonly base: string; readonly matchers: readonly CompiledMatcher[] }
>();

function compiled(matchers: readonly Matcher[], { hubUrl }: HubAddress): readonly CompiledMatcher[] {
  const base = hubUrl.href;
  const known = cache.get(matchers);
  if (known?.base === base) return known.matchers;
  const made = matchers.map((matcher) => compileMatcher(matcher, base));
  cache.set(matchers, { base, matchers: made });
  return made;
}

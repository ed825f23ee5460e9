import { vi } from 'vitest';
import { SubscriptionIndex } from '../../src/topic/subscription-index.js';

/** Counts from here on how often an index was asked for a topic: what is known at once, and what is worked out. */
export function countMatches(): () => number {
  const known = vi.spyOn(SubscriptionIndex.prototype, 'known');
  const matching = vi.spyOn(SubscriptionIndex.prototype, 'matching');
  return () =>
    matching.mock.calls.length + known.mock.results.filter(({ value }) => value !== undefined).length;
}

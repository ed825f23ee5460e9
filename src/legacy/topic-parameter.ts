import { MercureError } from '../errors.js';
import type { Wish } from '../subscriber/subscription.js';
import { selectorMatcher } from '../topic/selector.js';

const MAX_TOPICS = 1000;

/**
 * What 0.x asks for with its `topic` parameters: exact topics, URI Templates, or `*`.
 *
 * @throws MercureError TOO_MANY_MATCHERS (400)
 */
export function topicWishes(values: readonly string[]): Wish[] {
  if (values.length > MAX_TOPICS) {
    throw new MercureError(
      'TOO_MANY_MATCHERS',
      400,
      'Too many "topic" parameters.',
      `A stream has at most ${MAX_TOPICS} topics; use a URI Template.`,
    );
  }
  return values.map((value) => ({ named: 'topic', matcher: selectorMatcher(value) }));
}

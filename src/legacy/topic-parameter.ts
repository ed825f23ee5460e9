import { MercureError } from '../errors.js';
import type { Matcher } from '../topic/matcher.js';
import { selectorMatcher } from '../topic/selector.js';

const MAX_TOPICS = 1000;

/**
 * The selectors of 0.x `topic` parameters: exact topics, URI Templates, or `*`.
 *
 * @throws MercureError TOO_MANY_MATCHERS (400)
 */
export function topicMatchers(values: readonly string[]): Matcher[] {
  if (values.length > MAX_TOPICS) {
    throw new MercureError(
      'TOO_MANY_MATCHERS',
      400,
      'Too many "topic" parameters.',
      `A stream has at most ${MAX_TOPICS} topics; use a URI Template.`,
    );
  }
  return values.map(selectorMatcher);
}

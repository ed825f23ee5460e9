import { compileMatcher } from '../topic/compile-matcher.js';
import { Topic } from '../topic/topic.js';
import type { Grants } from './grants.js';

/**
 * What a token attaches to a subscription: the payload of its first detail one of whose matchers matches the text
 * that was asked for, be it a topic or a pattern (draft-dunglas-mercure-08, active subscriptions).
 *
 * @param asked the value of the subscription's parameter
 * @param base absolute URL of the hub
 */
export function payloadFor({ payloads }: Grants, asked: string, base: string): unknown {
  const topic = new Topic(asked, base);
  const found = payloads.find(({ topics }) =>
    topics.some((matcher) => compileMatcher(matcher, base).matches(topic)),
  );
  return found?.payload;
}

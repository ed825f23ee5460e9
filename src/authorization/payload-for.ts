import type { Grants } from './grants.js';
import { covers } from './may.js';

/**
 * What a token attaches to a subscription: the payload of its first detail one of whose matchers matches the text
 * that was asked for, be it a topic or a pattern (draft-dunglas-mercure-08, active subscriptions).
 *
 * @param asked the value of the subscription's parameter
 */
export function payloadFor({ payloads }: Grants, asked: string, hub: { readonly hubUrl: URL }): unknown {
  return payloads.find(({ topics }) => covers(topics, asked, hub))?.payload;
}

import { compileMatcher } from '../topic/compile-matcher.js';
import { ALL, type Matcher } from '../topic/matcher.js';
import type { Grants } from './grants.js';
import { isJsonObject } from './strict-json.js';

/** The `type` of a Mercure authorization detail (RFC 9396 §2, draft-dunglas-mercure-08). */
export const MERCURE_DETAIL = 'https://mercure.rocks/authorization-detail';

export const MAX_DETAILS = 100;
/** Over all details of a token. */
export const MAX_TOPICS = 100;

interface Detail {
  readonly actions: readonly string[];
  readonly topics: readonly Matcher[];
  readonly payload?: unknown;
}

/**
 * Reads the claim `authorization_details` of a 1.0 token. Details of other types are ignored whatever their shape;
 * one invalid Mercure detail rejects the token, because acting on the others would change what its issuer said.
 * A token without the claim grants nothing.
 *
 * @param base absolute URL of the hub
 * @throws Error naming the fault: the token is invalid
 */
export function readAuthorizationDetails(
  claim: unknown,
  base: string,
): Pick<Grants, 'publish' | 'subscribe' | 'payloads'> {
  if (claim === undefined) return { publish: [], subscribe: [], payloads: [] };
  if (!Array.isArray(claim)) throw new TypeError('authorization_details is no array');
  const ours = claim.filter((detail) => isJsonObject(detail) && detail['type'] === MERCURE_DETAIL);
  if (ours.length > MAX_DETAILS) throw new RangeError('too many Mercure authorization details');
  const topicCount = ours.reduce(
    (sum: number, { topics }) => sum + (Array.isArray(topics) ? topics.length : 0),
    0,
  );
  if (topicCount > MAX_TOPICS) throw new RangeError('too many topics in Mercure authorization details');
  const details = ours.map((detail) => readDetail(detail, base));
  const subscribe = details.filter(({ actions }) => actions.includes('subscribe'));
  return {
    publish: details.filter(({ actions }) => actions.includes('publish')).flatMap(({ topics }) => topics),
    subscribe: subscribe.flatMap(({ topics }) => topics),
    payloads: subscribe.flatMap(({ topics, payload }) =>
      payload === undefined ? [] : [{ topics, payload }],
    ),
  };
}

function readDetail(detail: Record<string, unknown>, base: string): Detail {
  const { actions, topics, payload } = detail;
  if (!isFilledArray(actions) || !actions.every((action) => typeof action === 'string')) {
    throw new TypeError('"actions" is no array of strings, or empty');
  }
  if (!isFilledArray(topics)) throw new TypeError('"topics" is no array, or empty');
  if (payload !== undefined && !isJsonObject(payload)) throw new TypeError('"payload" is no object');
  return { actions, topics: topics.map((topic) => readMatcher(topic, base)), payload };
}

function readMatcher(topic: unknown, base: string): Matcher {
  if (!isJsonObject(topic)) throw new TypeError('a topic is no object');
  const { match, match_type: type = 'exact' } = topic;
  if (typeof match !== 'string' || match === '') throw new TypeError('"match" is no text, or empty');
  if (type !== 'exact' && type !== 'urlpattern') throw new TypeError('"match_type" is unknown');
  // Recognised before the type is looked at: `*` is no URL Pattern here, nor a topic.
  if (match === '*') return ALL;
  const matcher: Matcher = { type, pattern: match };
  // An invalid pattern rejects the token now, not whenever it is first needed.
  compileMatcher(matcher, base);
  return matcher;
}

function isFilledArray(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.length > 0;
}

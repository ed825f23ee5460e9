import { isJsonObject } from '../authorization/strict-json.js';
import { compileMatcher } from '../topic/compile-matcher.js';
import { ALL } from '../topic/matcher.js';
import { selectorMatcher } from '../topic/selector.js';
/** Of each list. */
export const MAX_SELECTORS = 1000;
/**
 * Reads the claim of a 0.x token (draft-dunglas-mercure-07, authorization): `mercure`, or the name
 * `https://mercure.rocks/` for issuers that demand a collision-resistant one (RFC 7519 §4.2), which overrides it.
 * A token without the claim grants nothing.
 *
 * @param base absolute URL of the hub
 * @param publicUpdates `any`: a token with a `publish` list, even an empty one, may publish public updates to any
 *   topic, as the oldest hubs had it
 * @throws Error naming the fault: the token is invalid
 */
export function readMercureClaim(claims, base, publicUpdates) {
    const claim = claims['https://mercure.rocks/'] ?? claims['mercure'] ?? {};
    if (!isJsonObject(claim))
        throw new TypeError('the mercure claim is no object');
    const publish = readSelectors(claim['publish'], base);
    const { payload } = claim;
    return {
        publish: publish ?? [],
        publishAnyPublic: publicUpdates === 'any' && publish !== undefined,
        subscribe: readSelectors(claim['subscribe'], base) ?? [],
        payloads: payload === undefined || payload === null ? [] : [{ topics: [ALL], payload }],
    };
}
/** Undefined where there is no list, which is less than an empty one. */
function readSelectors(list, base) {
    if (list === undefined || list === null)
        return undefined;
    if (!Array.isArray(list) || !list.every((selector) => typeof selector === 'string')) {
        throw new TypeError('a list of topic selectors is no array of strings');
    }
    if (list.length > MAX_SELECTORS)
        throw new RangeError('too many topic selectors');
    return list.map((selector) => {
        const matcher = selectorMatcher(selector);
        compileMatcher(matcher, base);
        return matcher;
    });
}
//# sourceMappingURL=mercure-claim.js.map
/** RFC 3986 §2.3: what stays as it is in a path segment; everything else is encoded, exactly once. */
const RESERVED_BY_JAVASCRIPT = /[!'()*]/g;
/** A value as one segment of a subscription's path. */
export function encodeSegment(value) {
  return encodeURIComponent(value).replace(
    RESERVED_BY_JAVASCRIPT,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
/** The topic of a subscription's events, which is its path and its id (draft-dunglas-mercure-08). */
export function subscriptionPath(root, { wish, subscriber }) {
  return `${collectionPath(root, wish)}/${encodeSegment(subscriber)}`;
}
/** The path of all subscriptions with one matcher. */
export function collectionPath(root, { named, matcher }) {
  return `${root}/${named}/${encodeSegment(matcher.pattern)}`;
}
/** A subscription as 1.0 describes it: the data of its events, and the answer of the API. */
export function subscriptionDocument(root, subscription, active) {
  const { wish, subscriber, payload } = subscription;
  return {
    id: subscriptionPath(root, subscription),
    type: 'subscription',
    subscriber,
    match: wish.matcher.pattern,
    match_type: wish.named,
    active,
    ...(payload === undefined ? undefined : { payload }),
  };
}
export function subscriptionsDocument(id, subscriptions) {
  return { id, type: 'subscriptions', subscriptions };
}
//# sourceMappingURL=subscription-document.js.map

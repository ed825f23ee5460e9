const CONTEXT = 'https://mercure.rocks/';
/** A value as one segment of a 0.x subscription's path: as a query is encoded, with `+` for a space. */
export function encodeLegacySegment(value) {
    // Nothing but letters, digits, `-`, `_`, `.` and `~` stays; URLSearchParams keeps `*` and encodes `~`.
    return new URLSearchParams([['', value]]).toString().slice(1).replaceAll('*', '%2A').replaceAll('%7E', '~');
}
/** The reverse. @throws URIError where the escapes are no UTF-8 */
export function decodeLegacySegment(segment) {
    return decodeURIComponent(segment.replaceAll('+', ' '));
}
/** The topic of a 0.x subscription's events, which is its path (draft-dunglas-mercure-07, active subscriptions). */
export function legacySubscriptionPath(root, { wish, subscriber }) {
    return `${root}/${encodeLegacySegment(wish.matcher.pattern)}/${encodeLegacySegment(subscriber)}`;
}
/** A subscription as 0.x describes it, in JSON-LD. */
export function legacySubscriptionDocument(root, subscription, active) {
    return { '@context': CONTEXT, ...legacyItem(root, subscription, active) };
}
/** The same inside a collection, which names the context once. */
export function legacyItem(root, subscription, active) {
    const { wish, subscriber, payload } = subscription;
    return {
        id: legacySubscriptionPath(root, subscription),
        type: 'Subscription',
        subscriber,
        topic: wish.matcher.pattern,
        active,
        ...(payload === undefined ? undefined : { payload }),
    };
}
export function legacySubscriptionsDocument(id, lastEventID, subscriptions) {
    return { '@context': CONTEXT, id, type: 'Subscriptions', lastEventID, subscriptions };
}
//# sourceMappingURL=legacy-subscription-document.js.map
/** The cookie of 0.x (draft-dunglas-mercure-07, authorization). */
export const LEGACY_COOKIE = 'mercureAuthorization';
/**
 * The tokens in the query parameter of 0.x, `authorization=<token>`, and in the spelling of many tutorials,
 * `Authorization=Bearer%20<token>`. In 1.0 a URL holds no token, since URLs end up in logs.
 *
 * @param url the request target
 */
export function queryTokens(url) {
    const query = url.indexOf('?');
    if (query === -1)
        return [];
    const parameters = new URLSearchParams(url.slice(query + 1));
    return [...parameters.getAll('authorization'), ...parameters.getAll('Authorization')].map((value) => value.replace(/^Bearer +/i, ''));
}
//# sourceMappingURL=token-places.js.map
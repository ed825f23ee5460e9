const check = (valid, expected) => (value) => valid(value) ? undefined : expected;
const isObject = (value) => typeof value === 'object' && value !== null;
const isText = (value) => typeof value === 'string' && value !== '';
const isHttpUrl = (value) => typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
const bool = check((value) => typeof value === 'boolean', 'true or false');
const text = check(isText, 'a string that is not empty');
const httpUrl = check(isHttpUrl, 'an absolute http or https URL');
const count = check((value) => Number.isSafeInteger(value) && value >= 0, 'a whole number of 0 or more');
const oneOf = (...values) => check((value) => values.includes(value), values.join(' or '));
const listOf = (valid, what) => check((value) => Array.isArray(value) && value.every(valid), `an array of ${what}`);
const key = check((value) => isObject(value) && (value['key'] !== undefined) !== (value['jwksUrl'] !== undefined), '{ key, algorithms? } or { jwksUrl, algorithms? }');
const CHECKS = {
    path: check((value) => typeof value === 'string' && /^(\/[\w.~-]+)+$/.test(value), 'a path like "/hub"'),
    publicUrl: httpUrl,
    protocol: oneOf('both', '1.0', '0.x'),
    publisher: key,
    subscriber: key,
    issuer: text,
    trustedIssuers: listOf(isText, 'issuers'),
    issuers: listOf((value) => isObject(value) && isText(value['issuer']), '{ issuer, publisher?, subscriber? }'),
    resourceIdentifier: text,
    publicUrls: listOf(isHttpUrl, 'absolute http or https URLs'),
    anonymous: bool,
    subscriptions: bool,
    // RFC 6265 §4.1.1: a cookie's name is a token.
    cookieName: check((value) => typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(value), 'a cookie name'),
    publicUpdates: oneOf('granted', 'any'),
    corsOrigins: listOf(isText, 'origins'),
    publishOrigins: listOf(isText, 'origins'),
    heartbeatMs: count,
    maxLifetimeMs: count,
    dispatchTimeoutMs: count,
    maxConnections: count,
    maxConnectionsPerClient: count,
    generateId: check((value) => value === 'uuidv7' || value === 'uuidv4' || typeof value === 'function', '"uuidv7", "uuidv4" or a function'),
    maxBodyBytes: count,
    maxBufferedBytes: count,
    maxPatterns: count,
    maxTopicBytes: count,
    shutdownSpreadMs: count,
    transport: check((value) => isObject(value) && typeof value['append'] === 'function', 'a transport, like memory()'),
    broadcast: check((value) => value === false || isObject(value), 'an object, or false'),
    gapEvents: bool,
};
export const OPTION_NAMES = Object.keys(CHECKS);
/** What is wrong with an option's value, as the end of "it must be …"; undefined where nothing is. */
export function checkOption(name, value) {
    return CHECKS[name](value);
}
//# sourceMappingURL=check-option.js.map
import type { MercureOptions } from './mercure-options.js';

/** Says what is right about a value where it is wrong. */
type Check = (value: unknown) => string | undefined;

const check =
  (valid: (value: unknown) => boolean, expected: string): Check =>
  (value) =>
    valid(value) ? undefined : expected;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isHttpUrl = (value: unknown): boolean =>
  typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);

/** Everything else is resolved below it, so it has no query and no fragment; and no password that discovery would tell. */
const isBaseUrl = (value: unknown): boolean => {
  if (!isHttpUrl(value)) return false;
  const { search, hash, username, password } = new URL(value as string);
  return search + hash + username + password === '';
};

const bool = check((value) => typeof value === 'boolean', 'true or false');
const text = check(isText, 'a string that is not empty');
const baseUrl = check(isBaseUrl, 'an absolute http or https URL without query, fragment and password');
const count = check(
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  'a whole number of 0 or more',
);
const oneOf = (...values: string[]) =>
  check((value) => values.includes(value as string), values.join(' or '));
const listOf = (valid: (value: unknown) => boolean, what: string) =>
  check((value) => Array.isArray(value) && value.every(valid), `an array of ${what}`);
const key = check(
  (value) => isObject(value) && (value['key'] !== undefined) !== (value['jwksUrl'] !== undefined),
  '{ key, algorithms? } or { jwksUrl, algorithms? }',
);

const CHECKS: { readonly [Name in keyof Required<MercureOptions>]: Check } = {
  path: check((value) => typeof value === 'string' && /^(\/[\w.~-]+)+$/.test(value), 'a path like "/hub"'),
  publicUrl: baseUrl,
  protocol: oneOf('both', '1.0', '0.x'),
  publisher: key,
  subscriber: key,
  issuer: text,
  trustedIssuers: listOf(isText, 'issuers'),
  issuers: listOf(
    (value) => isObject(value) && isText(value['issuer']),
    '{ issuer, publisher?, subscriber? }',
  ),
  resourceIdentifier: text,
  publicUrls: listOf(isHttpUrl, 'absolute http or https URLs'),
  anonymous: bool,
  subscriptions: bool,
  // RFC 6265 §4.1.1: a cookie's name is a token.
  cookieName: check(
    (value) => typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(value),
    'a cookie name',
  ),
  publicUpdates: oneOf('granted', 'any'),
  corsOrigins: listOf(isText, 'origins'),
  publishOrigins: listOf(isText, 'origins'),
  heartbeatMs: count,
  maxLifetimeMs: count,
  dispatchTimeoutMs: count,
  maxConnections: count,
  maxConnectionsPerClient: count,
  generateId: check(
    (value) => value === 'uuidv7' || value === 'uuidv4' || typeof value === 'function',
    '"uuidv7", "uuidv4" or a function',
  ),
  maxBodyBytes: count,
  maxBufferedBytes: count,
  maxPatterns: count,
  maxTopicBytes: count,
  shutdownSpreadMs: count,
  transport: check(
    (value) => isObject(value) && typeof value['append'] === 'function',
    'a transport, like memory()',
  ),
  broadcast: check((value) => value === false || isObject(value), 'an object, or false'),
  gapEvents: bool,
};

export const OPTION_NAMES = Object.keys(CHECKS) as readonly (keyof MercureOptions)[];

/** What is wrong with an option's value, as the end of "it must be …"; undefined where nothing is. */
export function checkOption(name: keyof MercureOptions, value: unknown): string | undefined {
  return CHECKS[name](value);
}

import type { BroadcastDefaults } from '../broadcast/broadcast-options.js';
import type { Algorithm, MercureOptions } from './mercure-options.js';
import { nearestName } from './nearest-name.js';

const ALGORITHMS: readonly Algorithm[] = [
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
];

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
const positive = check(
  (value) => Number.isSafeInteger(value) && (value as number) > 0,
  'a whole number of 1 or more',
);
const word = check(
  (value) => typeof value === 'string' && /^[A-Za-z_]\w{0,29}$/.test(value),
  'a word of at most 30 letters, digits and "_"',
);
const oneOf = (...values: string[]) =>
  check((value) => values.includes(value as string), values.join(' or '));
const listOf = (valid: (value: unknown) => boolean, what: string) =>
  check((value) => Array.isArray(value) && value.every(valid), `an array of ${what}`);
/** An object with no other members: one that is mistyped would be ignored, and its default hold unseen. */
const shape = (
  what: string,
  members: Readonly<Record<string, Check>>,
  valid: (value: Record<string, unknown>) => boolean = () => true,
) =>
  ((value) => {
    if (!isObject(value)) return what;
    for (const [name, member] of Object.entries(value)) {
      if (member === undefined && name === 'key')
        return `${what}, its "key" is undefined (is the environment variable it comes from set?)`;
      if (member === undefined) continue;
      const known = Object.hasOwn(members, name);
      if (!known)
        return `${what}, without "${name}" (did you mean "${nearestName(name, Object.keys(members))?.name}"?)`;
      const fault = members[name]!(member);
      if (fault) return `${what}, its "${name}" ${fault}`;
    }
    return valid(value) ? undefined : what;
  }) satisfies Check;
const each = (member: Check, what: string): Check => {
  return (value) => (Array.isArray(value) ? value.map(member).find((fault) => fault !== undefined) : what);
};
const key = shape(
  '{ key, algorithms? } or { jwksUrl, algorithms? }',
  {
    key: () => undefined,
    jwksUrl: text,
    algorithms: check(
      (value) =>
        Array.isArray(value) &&
        value.length > 0 &&
        value.every((name) => ALGORITHMS.includes(name as Algorithm)),
      `an array of ${ALGORITHMS.join(', ')}`,
    ),
  },
  (value) => (value['key'] !== undefined) !== (value['jwksUrl'] !== undefined),
);

const BROADCAST_SHAPE = shape(
  '{ delivery?, outbox?, dataSources?, bulk?, maxBulkRows?, rawSql? }, or false',
  {
    delivery: oneOf('memory', 'outbox'),
    outbox: shape('{ prefix?, migrate?, wrapAutocommit? }', {
      prefix: word,
      migrate: bool,
      wrapAutocommit: bool,
    }),
    bulk: oneOf('warn', 'ignore', 'collection', 'ids'),
    maxBulkRows: count,
    rawSql: oneOf('warn', 'ignore'),
    dataSources: listOf(() => true, 'tokens of DataSources'),
  },
);
/** Whoever asks for the one means the other, and would have updates that are lost with the process. */
const BROADCAST: Check = (value) =>
  BROADCAST_SHAPE(value) ?? outboxWithoutDelivery(value as BroadcastDefaults);

function outboxWithoutDelivery({ delivery, outbox }: BroadcastDefaults): string | undefined {
  if (delivery === 'outbox') return undefined;
  const useless = (['migrate', 'wrapAutocommit'] as const).find((name) => outbox?.[name]);
  return useless && `{ delivery: "outbox" } with "outbox.${useless}", which does nothing without`;
}
const IDEMPOTENCY = shape(
  '{ maxAgeMs?, maxCount? }, of which one is not 0, or a boolean',
  { maxAgeMs: count, maxCount: count },
  ({ maxAgeMs, maxCount }) => maxAgeMs !== 0 || maxCount !== 0,
);
const RETAIN = shape('{ maxTopics? }, or a boolean', { maxTopics: positive });
const ISSUER = { issuer: text, publisher: key, subscriber: key, authorizationServer: bool };

const CHECKS: { readonly [Name in keyof Required<MercureOptions>]: Check } = {
  path: check((value) => typeof value === 'string' && /^(\/[\w.~-]+)+$/.test(value), 'a path like "/hub"'),
  publicUrl: baseUrl,
  protocol: oneOf('both', '1.0', '0.x'),
  publisher: key,
  subscriber: key,
  issuer: text,
  trustedIssuers: listOf(isText, 'issuers'),
  issuers: each(
    shape('{ issuer, publisher?, subscriber?, authorizationServer? }', ISSUER, (value) =>
      isText(value['issuer']),
    ),
    'an array of issuers',
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
  maxTopicBytes: positive,
  shutdownSpreadMs: count,
  transport: check(
    (value) => isObject(value) && typeof value['append'] === 'function',
    'a transport, like memory()',
  ),
  broadcast: (value) => (value === false ? undefined : BROADCAST(value)),
  gapEvents: bool,
  idempotency: (value) => (typeof value === 'boolean' ? undefined : IDEMPOTENCY(value)),
  retain: (value) => (typeof value === 'boolean' ? undefined : RETAIN(value)),
};

export const OPTION_NAMES = Object.keys(CHECKS) as readonly (keyof MercureOptions)[];

/** What is wrong with an option's value, as the end of "it must be …"; undefined where nothing is. */
export function checkOption(name: keyof MercureOptions, value: unknown): string | undefined {
  return CHECKS[name](value);
}

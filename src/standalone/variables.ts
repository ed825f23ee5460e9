import { BIND_ADDRESS, SITE_ADDRESS } from './listen-address.js';
import type { Settings } from './settings.js';
import { startError } from './start-error.js';
import { DEFAULT_TRANSPORT_URL } from './transport-url.js';
import {
  ALGORITHM,
  BOOLEAN,
  COUNT,
  DURATION,
  FILE,
  HTTP_URL,
  HTTP_URLS,
  LIST,
  oneOf,
  PORT,
  SECRET,
  SIZE,
  TEXT,
  URL_TEXT,
  type ValueType,
} from './value-types.js';

/** A variable of the environment, with everything there is to say about it. */
export interface Variable {
  readonly name: string;
  /** Older and other spellings, read where `name` is not set, in this order. */
  readonly aliases: readonly string[];
  /** The Go hub's directive of one line that means the same. */
  readonly directive?: string;
  readonly setting: keyof Settings;
  readonly unit: string;
  /** What holds where it is unset, for people. */
  readonly fallback: string;
  readonly meaning: string;
  /** @throws MercureError OPTIONS_INVALID naming `source`, where the text is no such value */
  readonly read: (text: string, source: string) => Settings;
}

type Facts = Pick<Variable, 'meaning'> & Partial<Pick<Variable, 'aliases' | 'directive' | 'fallback'>>;

function variable<Name extends keyof Settings>(
  name: string,
  setting: Name,
  type: ValueType<NonNullable<Settings[Name]>>,
  { aliases = [], fallback = 'none', ...facts }: Facts,
): Variable {
  const read = (text: string, source: string): Settings => {
    const value = type.parse(type.verbatim ? text : text.trim());
    if (value === undefined) throw startError(`Invalid ${source}`, `It must be ${type.expected}.`);
    return { [setting]: value };
  };
  return { name, setting, unit: type.unit, aliases, fallback, ...facts, read };
}

/** Every variable that is read, in the order of `--help`. */
export const VARIABLES: readonly Variable[] = [
  variable('PORT', 'port', PORT, {
    fallback: '3000',
    meaning: 'Port to listen on, before the ones of ADDR and SERVER_NAME; 0: any that is free.',
  }),
  variable('ADDR', 'bindAddress', BIND_ADDRESS, {
    fallback: 'every interface',
    meaning: 'Interface and port to listen on: 127.0.0.1:3000, or :3000 for every interface.',
  }),
  variable('SERVER_NAME', 'siteAddress', SITE_ADDRESS, {
    aliases: ['M_SERVER_NAME'],
    meaning: 'Port to listen on, as :3000, host:3000 or a URL; every interface and host name is answered.',
  }),
  variable('CERT_FILE', 'certFile', FILE, {
    meaning: 'Certificate chain (PEM), read at start: with KEY_FILE, HTTPS with HTTP/2 and HTTP/1.1.',
  }),
  variable('KEY_FILE', 'keyFile', FILE, { meaning: 'Private key (PEM) of CERT_FILE.' }),

  variable('MERCURE_PUBLISHER_JWT_KEY', 'publisherKey', SECRET, {
    aliases: ['PUBLISHER_JWT_KEY', 'JWT_KEY', 'M_JWT_SECRET'],
    meaning:
      "Verifies publishers' tokens: a secret, a PEM public key or a JWK. Without one nobody publishes.",
  }),
  variable('MERCURE_PUBLISHER_JWT_ALG', 'publisherAlgorithm', ALGORITHM, {
    aliases: ['PUBLISHER_JWT_ALGORITHM', 'JWT_ALGORITHM'],
    fallback: 'HS256, or as the key implies',
    meaning: 'The algorithm their tokens must use.',
  }),
  variable('MERCURE_PUBLISHER_JWKS_URL', 'publisherJwksUrl', URL_TEXT, {
    directive: 'publisher_jwks_url',
    meaning: 'Instead of the key: JSON Web Key Set at an https: or file: URL.',
  }),
  variable('MERCURE_SUBSCRIBER_JWT_KEY', 'subscriberKey', SECRET, {
    aliases: ['SUBSCRIBER_JWT_KEY', 'JWT_KEY', 'M_JWT_SECRET'],
    meaning: "Verifies subscribers' tokens, likewise. Without one MERCURE_ANONYMOUS must be on.",
  }),
  variable('MERCURE_SUBSCRIBER_JWT_ALG', 'subscriberAlgorithm', ALGORITHM, {
    aliases: ['SUBSCRIBER_JWT_ALGORITHM', 'JWT_ALGORITHM'],
    fallback: 'HS256, or as the key implies',
    meaning: 'The algorithm their tokens must use.',
  }),
  variable('MERCURE_SUBSCRIBER_JWKS_URL', 'subscriberJwksUrl', URL_TEXT, {
    directive: 'subscriber_jwks_url',
    meaning: 'Instead of the key: JSON Web Key Set at an https: or file: URL.',
  }),
  variable('MERCURE_TRUSTED_ISSUERS', 'trustedIssuers', LIST, {
    fallback: 'https://localhost',
    meaning: 'The "iss" of 1.0 tokens that are verified with the keys above.',
  }),
  variable('MERCURE_RESOURCE_IDENTIFIER', 'resourceIdentifier', TEXT, {
    directive: 'resource_identifier',
    fallback: "the hub's URL",
    meaning: 'The "aud" that 1.0 tokens must name.',
  }),
  variable('MERCURE_PUBLIC_URL', 'publicUrl', HTTP_URL, {
    aliases: ['M_URL'],
    fallback: "from each request's host",
    meaning: 'Where clients find the hub, with or without its path. Set it behind a proxy.',
  }),
  variable('MERCURE_PUBLIC_URLS', 'publicUrls', HTTP_URLS, {
    directive: 'public_urls',
    fallback: 'every host',
    meaning: 'The origins that are answered; requests to others get 421.',
  }),

  variable('MERCURE_ANONYMOUS', 'anonymous', BOOLEAN, {
    aliases: ['ALLOW_ANONYMOUS', 'M_ALLOW_ANONYMOUS'],
    directive: 'anonymous',
    fallback: 'off',
    meaning: 'Whether subscribers without a token are served public updates.',
  }),
  variable('MERCURE_SUBSCRIPTIONS', 'subscriptions', BOOLEAN, {
    aliases: ['SUBSCRIPTIONS'],
    directive: 'subscriptions',
    fallback: 'off',
    meaning: 'Whether subscriptions are told as events and by the subscription API.',
  }),
  variable('MERCURE_PROTOCOL', 'protocol', oneOf('both', '1.0', '0.x'), {
    fallback: 'both',
    meaning: 'The generations of the protocol that are spoken.',
  }),
  variable('MERCURE_PUBLIC_UPDATES', 'publicUpdates', oneOf('granted', 'any'), {
    fallback: 'granted',
    meaning: 'Whether 0.x publishers need a selector for public updates; any: as in the oldest hubs, none.',
  }),
  variable('MERCURE_CORS_ALLOWED_ORIGINS', 'corsOrigins', LIST, {
    aliases: ['CORS_ALLOWED_ORIGINS'],
    directive: 'cors_origins',
    meaning: 'Origins whose pages may use the hub: https://app.example.com, https://*.example.com or *.',
  }),
  variable('MERCURE_PUBLISH_ALLOWED_ORIGINS', 'publishOrigins', LIST, {
    aliases: ['PUBLISH_ALLOWED_ORIGINS'],
    directive: 'publish_origins',
    meaning: 'Origins whose pages may publish with the cookie.',
  }),
  variable('MERCURE_COOKIE_NAME', 'cookieName', TEXT, {
    directive: 'cookie_name',
    fallback: '__Secure-mercure_access_token',
    meaning: 'The cookie of 1.0 tokens; mercureAuthorization of 0.x is read beside it.',
  }),

  variable('MERCURE_HEARTBEAT', 'heartbeatMs', DURATION, {
    aliases: ['HEARTBEAT_INTERVAL'],
    directive: 'heartbeat',
    fallback: '40s',
    meaning: 'Silence after which a stream gets a comment; 0: none.',
  }),
  variable('MERCURE_WRITE_TIMEOUT', 'maxLifetimeMs', DURATION, {
    aliases: ['WRITE_TIMEOUT'],
    directive: 'write_timeout',
    fallback: '600s',
    meaning: 'How long a stream may last, each ending at a random 80-100 % of it; 0: unbounded.',
  }),
  variable('MERCURE_DISPATCH_TIMEOUT', 'dispatchTimeoutMs', DURATION, {
    aliases: ['DISPATCH_TIMEOUT'],
    directive: 'dispatch_timeout',
    fallback: '5s',
    meaning: 'Time without progress after which a slow stream is cut; 0: never for that reason.',
  }),
  variable('MERCURE_SHUTDOWN_SPREAD', 'shutdownSpreadMs', DURATION, {
    fallback: '3s',
    meaning: 'Time over which SIGTERM ends the streams, so that clients do not come back all at once.',
  }),
  variable('MERCURE_MAX_REQUEST_BODY_SIZE', 'maxBodyBytes', SIZE, {
    directive: 'max_request_body_size',
    fallback: '1MiB',
    meaning: 'The largest publication; over it 413. 0: unbounded.',
  }),
  variable('MERCURE_MAX_CONNECTIONS', 'maxConnections', COUNT, {
    fallback: '0',
    meaning: 'Streams open at once, one more is 429; 0: unbounded.',
  }),
  variable('MERCURE_MAX_CONNECTIONS_PER_CLIENT', 'maxConnectionsPerClient', COUNT, {
    fallback: '0',
    meaning: "The same per token subject, else per address (behind a proxy: the proxy's); 0: unbounded.",
  }),
  variable('READ_TIMEOUT', 'readTimeoutMs', DURATION, {
    fallback: '300s',
    meaning: 'How long a request may take to arrive (HTTP/1.1); 0: unbounded. A publication has 30s at most.',
  }),
  variable('READ_HEADER_TIMEOUT', 'readHeaderTimeoutMs', DURATION, {
    fallback: '60s',
    meaning: 'How long its headers may (HTTP/1.1); 0: unbounded.',
  }),

  variable('MERCURE_TRANSPORT_URL', 'transportUrl', URL_TEXT, {
    aliases: ['TRANSPORT_URL'],
    directive: 'transport_url',
    fallback: DEFAULT_TRANSPORT_URL,
    meaning:
      'Where updates are kept: memory://?size=10000, sqlite:///path/to/file, postgres://…, mysql://…, redis://…; see Transports.',
  }),
  variable('MERCURE_IDEMPOTENCY', 'idempotency', BOOLEAN, {
    fallback: 'off',
    meaning:
      'Whether an id that a publisher names is stored once: the same again is answered as the first time, another body 409.',
  }),
  variable('MERCURE_IDEMPOTENCY_AGE', 'idempotencyAgeMs', DURATION, {
    fallback: '1h',
    meaning: 'How long such an id is remembered; 0: as long as the count allows.',
  }),
  variable('MERCURE_IDEMPOTENCY_COUNT', 'idempotencyCount', COUNT, {
    fallback: '100000',
    meaning: 'How many ids are remembered; 0: as many as the age allows.',
  }),
  variable('MERCURE_RETAIN', 'retain', BOOLEAN, {
    fallback: 'off',
    meaning:
      'Whether a stream without a cursor begins with the newest update of each exact topic it asks for.',
  }),
  variable('MERCURE_RETAIN_TOPICS', 'retainedTopics', COUNT, {
    fallback: '10000',
    meaning: 'Of how many topics the newest update is kept; the ones updated longest ago go.',
  }),
  variable('MERCURE_WORKERS', 'workers', COUNT, {
    fallback: '1',
    meaning:
      'Processes that share the port and are one hub, for machines with several cores; 0: one for each core. ' +
      'Bounds per client hold in each.',
  }),
  variable('MERCURE_EXTRA_DIRECTIVES', 'directives', TEXT, {
    meaning: "The Go hub's directives, one per line; they win over variables.",
  }),
  variable('USE_FORWARDED_HEADERS', 'forwardedHeaders', BOOLEAN, {
    fallback: 'off',
    meaning: 'Read to say that forwarded headers are not believed: MERCURE_PUBLIC_URL says what they would.',
  }),
  variable('ACME_HOSTS', 'acmeHosts', LIST, {
    meaning:
      'Read to say that certificates are not fetched: put Caddy in front, or set CERT_FILE and KEY_FILE.',
  }),
];

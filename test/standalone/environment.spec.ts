import { describe, expect, it } from 'vitest';
import { hubOptions, settingWarnings } from '../../src/standalone/hub-options.js';
import { readEnvironment } from '../../src/standalone/read-environment.js';
import { serverSettings } from '../../src/standalone/server-settings.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import type { MercureOptions } from '../../src/index.js';

const KEY = 'a secret that is long enough for HS256';
const OPEN = { MERCURE_ANONYMOUS: '1' };

function optionsOf(environment: Record<string, string>): MercureOptions {
  const { settings, sources } = readEnvironment({ ...OPEN, ...environment });
  const options = hubOptions(settings, sources);
  // Whatever the environment makes, the module takes.
  resolveOptions(options);
  return options;
}

function serverOf(environment: Record<string, string>) {
  const { settings, sources } = readEnvironment(environment);
  return serverSettings(settings, sources);
}

describe('variables become options', () => {
  const both = { publisher: { key: KEY }, subscriber: { key: KEY } };
  it.each<[Record<string, string>, Partial<MercureOptions>]>([
    [{}, { anonymous: true, trustedIssuers: ['https://localhost'], shutdownSpreadMs: 3000 }],
    [{ MERCURE_PUBLISHER_JWT_KEY: KEY }, { publisher: { key: KEY }, subscriber: undefined }],
    [
      { MERCURE_PUBLISHER_JWT_KEY: KEY, MERCURE_PUBLISHER_JWT_ALG: 'HS512' },
      { publisher: { key: KEY, algorithms: ['HS512'] } },
    ],
    [{ MERCURE_SUBSCRIBER_JWT_KEY: ` ${KEY} ` }, { subscriber: { key: ` ${KEY} ` } }],
    [{ PUBLISHER_JWT_KEY: KEY, SUBSCRIBER_JWT_KEY: KEY }, both],
    [{ JWT_KEY: KEY }, both],
    [{ M_JWT_SECRET: KEY }, both],
    [
      { JWT_KEY: 'x', PUBLISHER_JWT_KEY: KEY },
      { publisher: { key: KEY }, subscriber: { key: 'x' } },
    ],
    [
      { JWT_KEY: KEY, JWT_ALGORITHM: 'HS384', SUBSCRIBER_JWT_ALGORITHM: 'HS256' },
      { publisher: { key: KEY, algorithms: ['HS384'] }, subscriber: { key: KEY, algorithms: ['HS256'] } },
    ],
    [
      {
        MERCURE_SUBSCRIBER_JWKS_URL: 'https://keys.test/jwks.json',
        MERCURE_PUBLISHER_JWKS_URL: 'file:///jwks.json',
      },
      { subscriber: { jwksUrl: 'https://keys.test/jwks.json' }, publisher: { jwksUrl: 'file:///jwks.json' } },
    ],
    [
      { MERCURE_TRUSTED_ISSUERS: 'https://a.test  https://b.test' },
      { trustedIssuers: ['https://a.test', 'https://b.test'] },
    ],
    [{ MERCURE_RESOURCE_IDENTIFIER: 'urn:hub' }, { resourceIdentifier: 'urn:hub' }],
    [
      { MERCURE_PUBLIC_URLS: 'https://a.test, https://b.test/' },
      { publicUrls: ['https://a.test', 'https://b.test/'] },
    ],
    [{ MERCURE_PUBLIC_URL: 'https://a.test' }, { publicUrl: 'https://a.test' }],
    [{ MERCURE_PUBLIC_URL: 'https://a.test/.well-known/mercure' }, { publicUrl: 'https://a.test' }],
    [{ M_URL: 'https://a.test/app/.well-known/mercure/' }, { publicUrl: 'https://a.test/app' }],
    [{ MERCURE_SUBSCRIPTIONS: 'yes' }, { subscriptions: true }],
    [{ SUBSCRIPTIONS: '1' }, { subscriptions: true }],
    [{ MERCURE_PROTOCOL: '0.x' }, { protocol: '0.x' }],
    [{ MERCURE_PUBLIC_UPDATES: 'any' }, { publicUpdates: 'any' }],
    [
      { MERCURE_CORS_ALLOWED_ORIGINS: 'https://a.test,https://b.test  https://*.c.test' },
      { corsOrigins: ['https://a.test', 'https://b.test', 'https://*.c.test'] },
    ],
    [{ CORS_ALLOWED_ORIGINS: '*' }, { corsOrigins: ['*'] }],
    [{ PUBLISH_ALLOWED_ORIGINS: 'https://a.test' }, { publishOrigins: ['https://a.test'] }],
    [{ MERCURE_HEARTBEAT: '1m30s' }, { heartbeatMs: 90_000 }],
    [{ MERCURE_HEARTBEAT: '0' }, { heartbeatMs: 0 }],
    [{ HEARTBEAT_INTERVAL: '500ms' }, { heartbeatMs: 500 }],
    [{ MERCURE_WRITE_TIMEOUT: '0s' }, { maxLifetimeMs: 0 }],
    [{ WRITE_TIMEOUT: '1.5h' }, { maxLifetimeMs: 5_400_000 }],
    [{ MERCURE_DISPATCH_TIMEOUT: '5s' }, { dispatchTimeoutMs: 5000 }],
    [{ MERCURE_SHUTDOWN_SPREAD: '0' }, { shutdownSpreadMs: 0 }],
    [{ MERCURE_IDEMPOTENCY: 'on', MERCURE_IDEMPOTENCY_AGE: '2m' }, { idempotency: { maxAgeMs: 120_000 } }],
    [{ MERCURE_IDEMPOTENCY: 'on', MERCURE_IDEMPOTENCY_COUNT: '5' }, { idempotency: { maxCount: 5 } }],
    [{ MERCURE_RETAIN: '1', MERCURE_RETAIN_TOPICS: '7' }, { retain: { maxTopics: 7 } }],
    [{ MERCURE_COOKIE_NAME: 'token' }, { cookieName: 'token' }],
    [{ MERCURE_MAX_REQUEST_BODY_SIZE: '512' }, { maxBodyBytes: 512 }],
    [{ MERCURE_MAX_REQUEST_BODY_SIZE: '2MB' }, { maxBodyBytes: 2_000_000 }],
    [{ MERCURE_MAX_REQUEST_BODY_SIZE: '1.5 MiB' }, { maxBodyBytes: 1_572_864 }],
    [
      { MERCURE_MAX_CONNECTIONS: '10', MERCURE_MAX_CONNECTIONS_PER_CLIENT: '2' },
      { maxConnections: 10, maxConnectionsPerClient: 2 },
    ],
    [
      { MERCURE_HEARTBEAT: '', MERCURE_COOKIE_NAME: '  ' },
      { heartbeatMs: undefined, cookieName: undefined },
    ],
  ])('%j', (environment, expected) => {
    expect(optionsOf(environment)).toMatchObject(expected);
  });

  it.each(['1', 'true', 'YES', 'on'])('%s is yes', (word) => {
    expect(optionsOf({ MERCURE_ANONYMOUS: word }).anonymous).toBe(true);
  });

  it.each(['0', 'false', 'No', 'off'])('%s is no', (word) => {
    expect(optionsOf({ JWT_KEY: KEY, MERCURE_ANONYMOUS: word, ALLOW_ANONYMOUS: '1' }).anonymous).toBe(false);
  });

  it.each(['ALLOW_ANONYMOUS', 'M_ALLOW_ANONYMOUS'])('%s opens the hub too', (name) => {
    expect(optionsOf({ MERCURE_ANONYMOUS: '', [name]: 'true' }).anonymous).toBe(true);
  });

  it('only the names that are listed are read', () => {
    expect(optionsOf({ DEBUG: '1', ANONYMOUS: '0', HEARTBEAT: '1s', COOKIE_NAME: 'x' })).toEqual(
      optionsOf({}),
    );
  });
});

describe('where to listen', () => {
  it.each<[Record<string, string>, { port: number; host?: string }]>([
    [{}, { port: 3000 }],
    [{ PORT: '8080' }, { port: 8080 }],
    [{ PORT: '0' }, { port: 0 }],
    [{ ADDR: ':8080' }, { port: 8080 }],
    [{ ADDR: '127.0.0.1:8080' }, { port: 8080, host: '127.0.0.1' }],
    [{ ADDR: '[::1]:8080' }, { port: 8080, host: '::1' }],
    [{ ADDR: '127.0.0.1' }, { port: 3000, host: '127.0.0.1' }],
    [
      { ADDR: '127.0.0.1:1', PORT: '2' },
      { port: 2, host: '127.0.0.1' },
    ],
    [{ SERVER_NAME: ':8080' }, { port: 8080, host: undefined }],
    [{ SERVER_NAME: 'hub.test:8080' }, { port: 8080, host: undefined }],
    [{ SERVER_NAME: 'http://hub.test:8080' }, { port: 8080, host: undefined }],
    [{ SERVER_NAME: 'http://hub.test' }, { port: 80 }],
    [{ SERVER_NAME: 'localhost' }, { port: 3000 }],
    [{ M_SERVER_NAME: ':8080' }, { port: 8080 }],
    [{ SERVER_NAME: ':8080', ADDR: ':8081' }, { port: 8081 }],
  ])('%j', (environment, expected) => {
    expect(serverOf(environment)).toMatchObject(expected);
  });

  it('times requests by the names of 0.x', () => {
    expect(serverOf({ READ_TIMEOUT: '5s', READ_HEADER_TIMEOUT: '3s' })).toMatchObject({
      readTimeoutMs: 5000,
      readHeaderTimeoutMs: 3000,
    });
  });

  it.each([
    [{ SERVER_NAME: 'https://hub.test' }, /^SERVER_NAME asks for HTTPS.* Set CERT_FILE and KEY_FILE/],
    [{ CERT_FILE: '/cert.pem' }, /^KEY_FILE is not set/],
    [{ KEY_FILE: '/key.pem' }, /^CERT_FILE is not set/],
    [
      { CERT_FILE: '/nowhere.pem', KEY_FILE: '/nowhere.pem' },
      /^The file of CERT_FILE cannot be read \(ENOENT\)/,
    ],
    [
      { CERT_FILE: import.meta.filename, KEY_FILE: import.meta.filename },
      /^CERT_FILE and KEY_FILE are no certificate/,
    ],
  ])('%j is refused', (environment, message) => {
    expect(() => serverOf(environment)).toThrow(message);
  });
});

describe('what is wrong names its variable and the remedy', () => {
  it.each([
    [{ PORT: '70000' }, /^Invalid PORT\. It must be a port from 0/],
    [{ PORT: 'http' }, /^Invalid PORT/],
    [{ ADDR: 'http://x:1' }, /^Invalid ADDR/],
    [{ SERVER_NAME: 'a.test, b.test' }, /^Invalid SERVER_NAME/],
    [{ SERVER_NAME: ':99999' }, /^Invalid SERVER_NAME/],
    [{ MERCURE_ANONYMOUS: 'maybe' }, /^Invalid MERCURE_ANONYMOUS\. It must be one of 1, true, yes, on, 0/],
    [{ ALLOW_ANONYMOUS: 'maybe', MERCURE_ANONYMOUS: '' }, /^Invalid ALLOW_ANONYMOUS/],
    [{ MERCURE_HEARTBEAT: '40' }, /^Invalid MERCURE_HEARTBEAT\. It must be a duration with its units/],
    [{ HEARTBEAT_INTERVAL: '40 seconds' }, /^Invalid HEARTBEAT_INTERVAL/],
    [{ MERCURE_HEARTBEAT: '-1s' }, /^Invalid MERCURE_HEARTBEAT/],
    [{ MERCURE_MAX_REQUEST_BODY_SIZE: '1 megabyte' }, /^Invalid MERCURE_MAX_REQUEST_BODY_SIZE/],
    [{ MERCURE_MAX_CONNECTIONS: '1.5' }, /^Invalid MERCURE_MAX_CONNECTIONS\./],
    [{ MERCURE_PROTOCOL: '2.0' }, /^Invalid MERCURE_PROTOCOL\. It must be one of both, 1\.0, 0\.x/],
    [{ MERCURE_PUBLIC_URL: 'hub.test' }, /^Invalid MERCURE_PUBLIC_URL\. It must be an absolute/],
    [{ MERCURE_PUBLIC_URLS: 'https://a.test b.test' }, /^Invalid MERCURE_PUBLIC_URLS/],
    [
      { MERCURE_PUBLISHER_JWT_KEY: KEY, MERCURE_PUBLISHER_JWT_ALG: 'none' },
      /^Invalid MERCURE_PUBLISHER_JWT_ALG/,
    ],
    [
      { JWT_KEY: KEY, MERCURE_SUBSCRIBER_JWKS_URL: 'https://a.test' },
      /^JWT_KEY and MERCURE_SUBSCRIBER_JWKS_URL are both set\. Keep one/,
    ],
    [{ MERCURE_ANONYMOUS: '0' }, /^Nobody could subscribe.* Set MERCURE_SUBSCRIBER_JWT_KEY/],
  ])('%j', (environment: Record<string, string>, message) => {
    expect(() => optionsOf(environment)).toThrow(message);
  });

  it('never shows a value', () => {
    const secret = 'hunter2hunter2';
    for (const name of [
      'PORT',
      'MERCURE_PUBLIC_URL',
      'MERCURE_PROTOCOL',
      'MERCURE_EXTRA_DIRECTIVES',
      'SERVER_NAME',
    ]) {
      const value = name === 'SERVER_NAME' ? `${secret}/${secret}` : secret;
      expect(() => optionsOf({ [name]: value })).toThrow(/^(?!.*hunter2)/s);
      if (name !== 'SERVER_NAME') expect(() => serverOf({ [name]: value })).toThrow(/^(?!.*hunter2)/s);
    }
  });
});

describe('names', () => {
  const warningsOf = (environment: Record<string, string>) => readEnvironment(environment).warnings;

  it.each([
    ['MERCURE_ANONYMUS', 'MERCURE_ANONYMOUS'],
    ['MERCURE_PUBLISHER_JWT_KEI', 'MERCURE_PUBLISHER_JWT_KEY'],
    ['MERCURE_CORS_ALLOWED_ORIGIN', 'MERCURE_CORS_ALLOWED_ORIGINS'],
  ])('%s is a slip of %s, and refused', (slip, meant) => {
    expect(() => readEnvironment({ [slip]: '1' })).toThrow(
      `Unknown variable ${slip}. Did you mean ${meant}?`,
    );
  });

  it('a name further from any is a warning with the nearest one', () => {
    expect(warningsOf({ MERCURE_HEARTBEAT_SECONDS: '1' })).toEqual([
      expect.stringMatching(/^MERCURE_HEARTBEAT_SECONDS is not read.* nearest is MERCURE_HEARTBEAT;/),
    ]);
  });

  it.each([
    ['MERCURE_URL', 'MERCURE_JWT_SECRET', 'MERCURE_LICENSE'],
    ['MERCURE_SERVICE_HOST', 'MERCURE_SERVICE_PORT', 'MERCURE_SERVICE_PORT_HTTP'],
    ['MERCURE_PORT', 'MERCURE_PORT_3000_TCP', 'MERCURE_PORT_3000_TCP_ADDR'],
    ['MERCURE_HUB_SERVICE_HOST', 'MERCURE_HUB_PORT', 'MERCURE_HUB_PORT_80_TCP'],
    ['GLOBAL_OPTIONS', 'DEBUG', 'DEMO', 'CADDY_EXTRA_CONFIG'],
  ])("%s, … are others' and passed over", (...names) => {
    expect(warningsOf(Object.fromEntries(names.map((name) => [name, 'tcp://10.0.0.1:80'])))).toEqual([]);
  });

  it('what is read only to be told about, is told about', () => {
    const { settings, sources } = readEnvironment({ USE_FORWARDED_HEADERS: '1', ACME_HOSTS: 'hub.test' });
    expect(settingWarnings(settings, sources)).toEqual([
      expect.stringMatching(/^USE_FORWARDED_HEADERS has no effect.* MERCURE_PUBLIC_URL/),
      expect.stringMatching(/^ACME_HOSTS has no effect.* CERT_FILE/),
    ]);
  });
});

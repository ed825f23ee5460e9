import { describe, expect, it } from 'vitest';
import { MercureError } from '../../src/errors.js';
import { OPTION_NAMES } from '../../src/options/check-option.js';
import type { MercureOptions } from '../../src/options/mercure-options.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { memory } from '../../src/transport/memory-transport.js';
import { KEY } from '../support/tokens.js';

/** What somebody might write in plain JavaScript, or read from an environment. */
const resolve = (options: unknown) => resolveOptions(options as MercureOptions);

function refusalOf(options: unknown): MercureError {
  try {
    resolve(options);
  } catch (error) {
    if (error instanceof MercureError) return error;
    throw new Error(`Refused, but not as an error of this package: ${String(error)}`, { cause: error });
  }
  throw new Error(`Accepted: ${JSON.stringify(options)}`);
}

const BAD: Readonly<Record<keyof Required<MercureOptions>, readonly unknown[]>> = {
  path: ['', '/', 'hub', '/hub/', '//hub', '/a b', '/hub?x', '/hub#x', '/:id', '/*', '/é', 7, null],
  publicUrl: [
    '',
    '/relative',
    'example.com',
    'ftp://example.com',
    'javascript:alert(1)',
    'https://example.com/?a=b',
    'https://example.com/#top',
    'https://user:secret@example.com',
    new URL('https://example.com'),
    null,
  ],
  protocol: ['1', '0', 'Both', 1, null],
  idempotency: [7, 'on', { maxAge: 1 }, { maxAgeMs: -1 }, { maxAgeMs: 0, maxCount: 0 }, null],
  retain: [7, 'on', { topics: 1 }, { maxTopics: 0 }, null],
  publisher: [KEY, {}, { algorithms: ['HS256'] }, { key: KEY, jwksUrl: 'https://example.com/jwks' }, null],
  subscriber: [KEY, {}, { algorithms: ['HS256'] }, { key: KEY, jwksUrl: 'https://example.com/jwks' }, null],
  issuer: ['', 7, null],
  trustedIssuers: ['https://issuer.test', [''], [7], {}, null],
  issuers: [{}, ['https://issuer.test'], [{}], [{ issuer: '' }], null],
  resourceIdentifier: ['', 7, null],
  publicUrls: ['https://example.com', ['example.com'], ['ftp://example.com'], [7], null],
  subscriptions: ['yes', 1],
  anonymous: ['true', 1, 0, null],
  cookieName: ['', 'a b', 'a;b', 'a=b', 'é', 'a\r\nb', 7, null],
  publicUpdates: ['all', 'none', true, null],
  corsOrigins: ['*', [''], [7], null],
  publishOrigins: ['*', [''], [7], null],
  heartbeatMs: [-1, 1.5, Number.NaN, Infinity, '40000', null],
  maxLifetimeMs: [-1, 1.5, Number.NaN, Infinity, '40000', null],
  dispatchTimeoutMs: [-1, 1.5, Number.NaN, Infinity, '40000', null],
  maxConnections: [-1, 1.5, Number.NaN, Infinity, '10', null],
  maxConnectionsPerClient: [-1, 1.5, Number.NaN, Infinity, '10', null],
  generateId: ['uuid', 'uuidv1', '', 4, null],
  maxBodyBytes: [-1, 1.5, Number.NaN, Infinity, '1mb', null],
  maxBufferedBytes: [-1, 1.5, Number.NaN, Infinity, '1mb', null],
  maxPatterns: [-1, 1.5, Number.NaN, Infinity, '10', null],
  maxTopicBytes: [-1, 1.5, Number.NaN, Infinity, '8192', null],
  shutdownSpreadMs: [-1, 1.5, Number.NaN, Infinity, '3000', null],
  transport: ['memory', memory, {}, null],
  broadcast: [true, 'on', 1, null, { bulk: 'all' }, { outbox: { wrapAutocommit: true } }],
  gapEvents: ['false', 0, null],
};

describe('the options', () => {
  it('have the documented defaults', () => {
    const { transport, hubUrl, ...rest } = resolve({ anonymous: true });
    expect(rest).toEqual({
      path: '/.well-known/mercure',
      issuer: undefined,
      protocol: 'both',
      trustedIssuers: [],
      issuers: [],
      publicUrls: [],
      anonymous: true,
      subscriptions: false,
      cookieName: '__Secure-mercure_access_token',
      publicUpdates: 'granted',
      corsOrigins: [],
      publishOrigins: [],
      heartbeatMs: 40_000,
      maxLifetimeMs: 600_000,
      dispatchTimeoutMs: 5_000,
      maxConnections: 0,
      maxConnectionsPerClient: 0,
      generateId: 'uuidv7',
      maxBodyBytes: 1024 * 1024,
      maxBufferedBytes: 1024 * 1024,
      maxPatterns: 10_000,
      maxTopicBytes: 8192,
      shutdownSpreadMs: 0,
      broadcast: {},
      gapEvents: true,
    });
    expect(transport.durability).toBe('process');
    expect(hubUrl.pathname).toBe('/.well-known/mercure');
  });

  it('are frozen once resolved, so that nobody changes a running hub behind its back', () => {
    const resolved = resolve({ anonymous: true });
    expect(Object.isFrozen(resolved)).toBe(true);
    expect(() => Object.assign(resolved, { anonymous: false })).toThrow(TypeError);
  });

  it('do not change with the object they were given in', () => {
    const given = { anonymous: true, heartbeatMs: 1000 };
    const resolved = resolve(given);
    given.heartbeatMs = 0;
    expect(resolved.heartbeatMs).toBe(1000);
  });

  it('take `undefined` for "not said"', () => {
    const unsaid = Object.fromEntries(OPTION_NAMES.map((name) => [name, undefined]));
    const resolved = resolve({ ...unsaid, anonymous: true });
    expect(resolved.heartbeatMs).toBe(40_000);
    expect(resolved.path).toBe('/.well-known/mercure');
  });

  it.each([
    { publicUrl: 'https://example.com', path: undefined, hub: 'https://example.com/.well-known/mercure' },
    { publicUrl: 'https://example.com/', path: '/hub', hub: 'https://example.com/hub' },
    { publicUrl: 'https://example.com/app', path: '/hub', hub: 'https://example.com/app/hub' },
    { publicUrl: 'http://localhost:3000/app/', path: '/a/b', hub: 'http://localhost:3000/app/a/b' },
  ])('place the hub under the application’s own URL: $hub', ({ publicUrl, path, hub }) => {
    expect(resolve({ anonymous: true, publicUrl, path }).hubUrl.href).toBe(hub);
  });

  it('mint tokens in the name of `publicUrl`, unless `issuer` says another', () => {
    const publicUrl = 'https://example.com';
    expect(resolve({ anonymous: true, publicUrl }).issuer).toBe(publicUrl);
    expect(resolve({ anonymous: true, publicUrl, issuer: 'https://issuer.test' }).issuer).toBe(
      'https://issuer.test',
    );
  });
});

describe('an unknown option', () => {
  it.each([
    ['anonymus', 'anonymous'],
    ['Path', 'path'],
    ['heartbeat', 'heartbeatMs'],
    ['heartBeatMs', 'heartbeatMs'],
    ['cors_origins', 'corsOrigins'],
    ['publishOrigin', 'publishOrigins'],
    ['trustedIssuer', 'trustedIssuers'],
    ['maxTopicByte', 'maxTopicBytes'],
    ['publicURL', 'publicUrl'],
  ])('"%s" is refused by name, with "%s" as the one that was meant', (unknown, meant) => {
    const { code, message, remedy } = refusalOf({ anonymous: true, [unknown]: undefined });
    expect(code).toBe('OPTIONS_INVALID');
    expect(message).toContain(`"${unknown}"`);
    expect(remedy).toContain(`"${meant}"`);
    expect(message, 'one line says all').toContain(remedy);
  });

  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    '"%s" is refused, though every object has it',
    (name) => {
      const options = JSON.parse(`{ "anonymous": true, "${name}": 1 }`) as unknown;
      expect(refusalOf(options).message).toContain(`"${name}"`);
    },
  );
});

describe('a bad value', () => {
  it('is listed below for every option there is', () => {
    expect(Object.keys(BAD).toSorted()).toEqual([...OPTION_NAMES].toSorted());
  });

  const cases = Object.entries(BAD).flatMap(([name, values]) =>
    values.map((value) => ({ name, value, shown: shown(value) })),
  );
  it.each(cases)('is refused: $name = $shown', ({ name, value }) => {
    const error = refusalOf({ anonymous: true, subscriber: { key: KEY }, [name]: value });
    expect(error.code).toBe('OPTIONS_INVALID');
    expect(error.message).toContain(`"${name}"`);
    expect(error.remedy).not.toBe('');
  });

  it('of a key is not repeated in the message', () => {
    expect(refusalOf({ publisher: 'a very secret key' }).message).not.toContain('very secret');
    expect(
      refusalOf({ publisher: { key: 'a very secret key', jwksUrl: 'https://x.test' } }).message,
    ).not.toContain('very secret');
  });

  it.each([[undefined], [null], ['anonymous'], [[]]])(
    'in place of all options is refused as such: %j',
    (options) => {
      expect(refusalOf(options).code).toBe('OPTIONS_INVALID');
    },
  );
});

describe('a value that is just allowed', () => {
  it.each([
    ['path', '/a'],
    ['path', '/a-b/c_d.e~f'],
    ['publicUrl', 'http://[::1]:3000'],
    ['heartbeatMs', 0],
    ['maxLifetimeMs', 0],
    ['dispatchTimeoutMs', 0],
    ['maxBodyBytes', 0],
    ['maxBufferedBytes', 0],
    ['maxPatterns', 0],
    ['shutdownSpreadMs', 0],
    ['cookieName', 'mercure'],
    ['generateId', () => 'an id'],
    ['broadcast', false],
    ['corsOrigins', ['*']],
    ['corsOrigins', ['https://*.example.com']],
  ] as const)('is taken as it is: %s = %j', (name, value) => {
    expect(resolve({ anonymous: true, [name]: value })[name]).toEqual(value);
  });
});

describe('a hub nobody could subscribe to', () => {
  it.each([
    ['without any option', {}],
    ['with a publisher’s key alone', { publisher: { key: KEY } }],
    ['with anonymous subscribers said to be off', { anonymous: false }],
    ['with an issuer that only publishes', { issuers: [{ issuer: 'i', publisher: { key: KEY } }] }],
    ['with an issuer trusted, and no key', { trustedIssuers: ['https://issuer.test'] }],
  ])('is refused %s, and told what to set', (_, options) => {
    const { code, message } = refusalOf(options);
    expect(code).toBe('OPTIONS_INVALID');
    expect(message).toMatch(/subscriber: \{ key \}/);
    expect(message).toMatch(/anonymous: true/);
  });

  it.each([
    ['anonymous subscribers', { anonymous: true }],
    ['a subscriber’s key', { subscriber: { key: KEY } }],
    ['a subscriber’s key set', { subscriber: { jwksUrl: 'https://example.com/jwks' } }],
    ['an issuer with a key for subscribers', { issuers: [{ issuer: 'i', subscriber: { key: KEY } }] }],
  ])('is none with %s', (_, options) => {
    expect(() => resolve(options)).not.toThrow();
  });
});

function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (value instanceof URL) return `URL(${value.href})`;
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}

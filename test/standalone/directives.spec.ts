import { describe, expect, it } from 'vitest';
import { parseDirectives } from '../../src/standalone/caddyfile.js';
import { hubOptions } from '../../src/standalone/hub-options.js';
import { readDirectives } from '../../src/standalone/directives.js';
import { readEnvironment } from '../../src/standalone/read-environment.js';
import type { Settings } from '../../src/standalone/settings.js';

const read = (text: string) => readDirectives(text, 'D');
const PEM = '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----';

describe("the Go hub's directives", () => {
  it.each<[string, Settings]>([
    ['', {}],
    ['# nothing but this\n\n', {}],
    ['anonymous', { anonymous: true }],
    ['anonymous off', { anonymous: false }],
    ['\tsubscriptions\r\n\tanonymous\r\n', { subscriptions: true, anonymous: true }],
    [
      'write_timeout 0s\ndispatch_timeout 5s\nheartbeat 1m',
      { maxLifetimeMs: 0, dispatchTimeoutMs: 5000, heartbeatMs: 60_000 },
    ],
    ['max_request_body_size 2MiB', { maxBodyBytes: 2 * 1024 * 1024 }],
    ['publisher_jwt secret', { publisherKey: 'secret' }],
    [
      'publisher_jwt "a \\"quoted\\" # secret" HS512',
      { publisherKey: 'a "quoted" # secret', publisherAlgorithm: 'HS512' },
    ],
    [`subscriber_jwt \`${PEM}\` RS256`, { subscriberKey: PEM, subscriberAlgorithm: 'RS256' }],
    ['publisher_jwks_url https://a.test', { publisherJwksUrl: 'https://a.test' }],
    ['subscriber_jwks_url https://a.test', { subscriberJwksUrl: 'https://a.test' }],
    [
      'cors_origins https://a.test https://b.test # and no other',
      { corsOrigins: ['https://a.test', 'https://b.test'] },
    ],
    ['publish_origins *', { publishOrigins: ['*'] }],
    ['cookie_name token', { cookieName: 'token' }],
    ['public_urls https://a.test https://b.test', { publicUrls: ['https://a.test', 'https://b.test'] }],
    ['resource_identifier urn:hub', { resourceIdentifier: 'urn:hub' }],
    ['transport local', { transportUrl: 'local://' }],
    ['transport_url memory://?size=5', { transportUrl: 'memory://?size=5' }],
    ['protocol_version_compatibility 7', { publicUpdates: 'any' }],
    ['protocol_version_compatibility 8', {}],
    ['name main', {}],
    [
      'issuer https://a.test {\n  authorization_server\n  publisher {\n jwt secret HS256\n }\n}\n' +
        'issuer https://b.test {\n subscriber {\n jwks_uri https://b.test/keys ES256 RS256\n }\n}',
      {
        issuers: [
          {
            issuer: 'https://a.test',
            authorizationServer: true,
            publisher: { key: 'secret', algorithms: ['HS256'] },
          },
          {
            issuer: 'https://b.test',
            subscriber: { jwksUrl: 'https://b.test/keys', algorithms: ['ES256', 'RS256'] },
          },
        ],
      },
    ],
  ])('%j', (text, expected) => {
    expect(read(text)).toEqual({ settings: expected, warnings: [] });
  });

  it.each([
    'playground',
    'debugger',
    'ui',
    'demo',
    'topic_selector_cache 1 2',
    'topic_matcher_cache 1',
    'subscriber_list_cache_size 9',
  ])('%s starts with a warning', (text) => {
    const { settings, warnings } = read(text);
    expect(settings).toEqual({});
    expect(warnings).toEqual([`D, line 1: ${text.split(' ')[0]} has no effect on this hub.`]);
  });

  it.each([
    ['anonymos', 'D, line 1: unknown directive "anonymos". The nearest is "anonymous".'],
    ['anonymous\n\nheartbeat never', 'Invalid D, line 3: heartbeat. It must be a duration'],
    ['heartbeat', 'D, line 1: heartbeat has no value'],
    ['publisher_jwt', 'Invalid D, line 1: publisher_jwt. Write'],
    ['publisher_jwt a NONE', 'Invalid D, line 1: publisher_jwt. Write'],
    ['transport', 'Invalid D, line 1: transport. Write "transport local"'],
    ['protocol_version_compatibility 9', 'It must be 7 or 8'],
    ['issuer https://a.test {', 'D, line 1: a "{" is not closed'],
    ['anonymous\n}', 'D, line 2: a "}" without "{"'],
    ['cookie_name "token', 'D, line 1: a quote is not closed'],
    ['issuer https://a.test {\n publisher secret\n}', 'Invalid D, line 1: issuer. Write'],
    ['issuer https://a.test {\n publisher {\n jwt\n }\n}', 'Invalid D, line 1: issuer. Write'],
  ])('%j is refused', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  it('a key that was broken into lines is not shown', () => {
    const unquoted = `publisher_jwt ${PEM}`;
    expect(() => read(unquoted)).toThrow(/^(?!.*MIIB)/s);
    expect(() => read('MIIB')).toThrow(
      'D, line 1 does not begin with a directive. Quote values of several lines.',
    );
  });

  it('win over variables', () => {
    const { settings, sources } = readEnvironment({
      MERCURE_ANONYMOUS: '1',
      MERCURE_HEARTBEAT: '1s',
      MERCURE_EXTRA_DIRECTIVES: 'heartbeat 2s',
    });
    expect(hubOptions(settings, sources)).toMatchObject({ anonymous: true, heartbeatMs: 2000 });
    expect(sources.get('heartbeatMs')).toBe('MERCURE_EXTRA_DIRECTIVES');
  });

  it('an issuer with keys for subscribers is somebody who can subscribe', () => {
    const issuer = 'issuer https://a.test {\n subscriber {\n jwt secret\n }\n}';
    const { settings, sources } = readEnvironment({ MERCURE_EXTRA_DIRECTIVES: issuer });
    expect(hubOptions(settings, sources).issuers).toHaveLength(1);
  });
});

describe('the default issuer', () => {
  it('is not trusted with the keys of the hub where it has its own', () => {
    const issuer = 'issuer https://localhost {\n subscriber {\n jwt secret\n }\n}';
    const { settings, sources } = readEnvironment({ JWT_KEY: 'key', MERCURE_EXTRA_DIRECTIVES: issuer });
    expect(hubOptions(settings, sources).trustedIssuers).toEqual([]);
  });
});

describe('the syntax of a Caddyfile', () => {
  it('words, quotes over lines, comments, blocks in blocks', () => {
    const text = 'a b#c # d\n"e f" `g\nh` {\n  i {\n    j\n  }\n}\n';
    expect(parseDirectives(text, 'D')).toEqual([
      { words: ['a', 'b#c'], block: undefined, line: 1 },
      {
        words: ['e f', 'g\nh'],
        block: [{ words: ['i'], block: [{ words: ['j'], block: undefined, line: 5 }], line: 4 }],
        line: 2,
      },
    ]);
  });
});

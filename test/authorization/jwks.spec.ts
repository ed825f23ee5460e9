import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Authorizer } from '../../src/authorization/authorizer.js';
import { fetchText } from '../../src/authorization/fetch-text.js';
import { JWKS_TIMING } from '../../src/authorization/jwks.js';
import type { Algorithm, VerificationKey } from '../../src/options/mercure-options.js';
import { failure, INVALID, thrown } from './support/failure.js';
import { type JwksServer, jwksOf, startJwksServer } from './support/jwks-server.js';
import { hubOptions, request, SECRET } from './support/options.js';
import { KEYS, legacyToken, modernToken } from './support/tokens.js';

const { rsa, otherRsa, p256, ed25519 } = KEYS;
const ISSUER = 'https://issuer.example';

let server: JwksServer;
let clock: typeof vi;

beforeEach(async () => {
  // Only what is asked for the time stands still; sockets and timers are real.
  clock = vi.useFakeTimers({ toFake: ['Date', 'performance'] });
  server = await startJwksServer({ one: rsa.publicKey });
});

afterEach(async () => {
  vi.useRealTimers();
  await server.close();
});

const hub = (key: VerificationKey = { jwksUrl: server.url }): Authorizer =>
  new Authorizer(hubOptions({ issuers: [{ issuer: ISSUER, publisher: key, subscriber: key }] }));

const token = (kid: string | undefined, key = rsa.privateKey, alg = 'RS256', claims = {}): Promise<string> =>
  modernToken({ iss: ISSUER, ...claims }, key, { alg, kid });

const ask = (authorizer: Authorizer, bearer: string) =>
  authorizer.authenticate(request({ bearer }), 'publish');

describe('the keys of an issuer', () => {
  it('are fetched at the first token, and not again for the next ones', async () => {
    const authorizer = hub();
    expect(server.hits()).toBe(0);
    for (let user = 0; user < 5; user++) {
      expect(
        await ask(authorizer, await token('one', rsa.privateKey, 'RS256', { sub: `user ${user}` })),
      ).toBeDefined();
    }
    expect(server.hits()).toBe(1);
  });

  it('are fetched once for many first tokens at a time, and for both roles', async () => {
    const authorizer = hub();
    const tokens = await Promise.all(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((sub) => token('one', rsa.privateKey, 'RS256', { sub })),
    );
    const answers = tokens.flatMap((bearer) =>
      (['publish', 'subscribe'] as const).map((role) => authorizer.authenticate(request({ bearer }), role)),
    );
    expect((await Promise.all(answers)).every(Boolean)).toBe(true);
    expect(server.hits()).toBe(1);
  });

  it('are of every asymmetric kind, chosen by kid', async () => {
    server.serveKeys({ r: rsa.publicKey, e: p256.publicKey, d: ed25519.publicKey });
    const authorizer = hub();
    for (const [kid, key, alg] of [
      ['r', rsa.privateKey, 'RS256'],
      ['r', rsa.privateKey, 'PS384'],
      ['e', p256.privateKey, 'ES256'],
      ['d', ed25519.privateKey, 'EdDSA'],
      ['d', ed25519.privateKey, 'Ed25519'],
    ] as const) {
      expect(await ask(authorizer, await token(kid, key, alg))).toBeDefined();
    }
    expect(await failure(ask(authorizer, await token('r', otherRsa.privateKey)))).toMatchObject(INVALID);
  });

  it('are chosen without kid where only one fits, and never guessed among several', async () => {
    expect(await ask(hub(), await token(undefined))).toBeDefined();
    server.serveKeys({ one: rsa.publicKey, two: otherRsa.publicKey });
    expect(await failure(ask(hub(), await token(undefined)))).toMatchObject(INVALID);
  });

  it('of a set with members of no use are taken without them', async () => {
    const secret = { kty: 'oct', k: Buffer.from(SECRET).toString('base64url'), kid: 'oct' };
    const encryption = { ...jwksOf({ enc: otherRsa.publicKey }).keys[0], use: 'enc' };
    const signing = { ...jwksOf({ ops: otherRsa.publicKey }).keys[0], key_ops: ['encrypt'] };
    const members = [
      secret,
      encryption,
      signing,
      null,
      7,
      {},
      { kty: 'XYZ' },
      ...jwksOf({ one: rsa.publicKey }).keys,
    ];
    server.serve((response) => response.end(JSON.stringify({ keys: members })));
    const authorizer = hub();
    expect(await ask(authorizer, await token('one'))).toBeDefined();
    expect(await failure(ask(authorizer, await token('enc', otherRsa.privateKey)))).toMatchObject(INVALID);
    expect(await failure(ask(authorizer, await token('ops', otherRsa.privateKey)))).toMatchObject(INVALID);
    const bearer = await modernToken({ iss: ISSUER }, SECRET, { alg: 'HS256', kid: 'oct' });
    expect(await failure(ask(authorizer, bearer))).toMatchObject(INVALID);
  });

  it('verify tokens of 0.x too, where they are the hub’s own', async () => {
    const authorizer = new Authorizer(hubOptions({ publisher: { jwksUrl: server.url } }));
    const bearer = await legacyToken(undefined, rsa.privateKey, { alg: 'RS256', kid: 'one' });
    expect((await ask(authorizer, bearer))?.generation).toBe('0.x');
  });

  it('are used with no algorithm that is not allowed, and no fetch is made for one', async () => {
    const narrow = hub({ jwksUrl: server.url, algorithms: ['ES256'] });
    expect(await failure(ask(narrow, await token('one')))).toMatchObject(INVALID);
    const bearer = await modernToken({ iss: ISSUER }, SECRET, { alg: 'HS256', kid: 'one' });
    expect(await failure(ask(hub(), bearer))).toMatchObject(INVALID);
    expect(server.hits()).toBe(0);
  });
});

describe('a rotation of keys', () => {
  it('is noticed at the first token with a new kid', async () => {
    const authorizer = hub();
    expect(await ask(authorizer, await token('one'))).toBeDefined();
    server.serveKeys({ one: rsa.publicKey, two: otherRsa.publicKey });
    clock.advanceTimersByTime(JWKS_TIMING.cooldownMs);
    expect(await ask(authorizer, await token('two', otherRsa.privateKey))).toBeDefined();
    expect(await ask(authorizer, await token('one'))).toBeDefined();
    expect(server.hits()).toBe(2);
  });

  it('takes proofs by a key that is gone along, and leaves the others', async () => {
    const authorizer = hub();
    server.serveKeys({ one: rsa.publicKey, two: otherRsa.publicKey });
    const exp = Math.floor(Date.now() / 1000) + 86_400;
    const first = await token('one', rsa.privateKey, 'RS256', { exp });
    const second = await token('two', otherRsa.privateKey, 'RS256', { exp });
    const grants = await ask(authorizer, second);
    expect(await ask(authorizer, first)).toBeDefined();
    server.serveKeys({ two: otherRsa.publicKey, three: p256.publicKey });
    clock.advanceTimersByTime(JWKS_TIMING.cooldownMs);
    expect(await ask(authorizer, await token('three', p256.privateKey, 'ES256'))).toBeDefined();
    expect(await failure(ask(authorizer, first))).toMatchObject(INVALID);
    expect(await ask(authorizer, second)).toBe(grants);
  });

  it('that keeps a kid and changes its key takes the old proofs along', async () => {
    const authorizer = hub();
    const bearer = await token('one');
    expect(await ask(authorizer, bearer)).toBeDefined();
    server.serveKeys({ one: otherRsa.publicKey });
    clock.advanceTimersByTime(JWKS_TIMING.cooldownMs);
    expect(await failure(ask(authorizer, await token('unknown')))).toMatchObject(INVALID);
    expect(await failure(ask(authorizer, bearer))).toMatchObject(INVALID);
    expect(await ask(authorizer, await token('one', otherRsa.privateKey))).toBeDefined();
  });

  it('is noticed without any new token, once the set is old, and no request waits for it', async () => {
    const authorizer = hub();
    const exp = Math.floor(Date.now() / 1000) + 86_400;
    const bearer = await token('one', rsa.privateKey, 'RS256', { exp });
    const other = await token('one', rsa.privateKey, 'RS256', { exp, sub: 'other' });
    expect(await ask(authorizer, bearer)).toBeDefined();
    server.serveKeys({ two: otherRsa.publicKey });
    clock.advanceTimersByTime(JWKS_TIMING.maxAgeMs - 1);
    expect(await ask(authorizer, other)).toBeDefined();
    expect(server.hits()).toBe(1);
    clock.advanceTimersByTime(1);
    expect(await ask(authorizer, other)).toBeDefined();
    await vi.waitFor(() => expect(server.hits()).toBe(2));
    await vi.waitFor(async () => expect(await failure(ask(authorizer, other))).toMatchObject(INVALID));
    expect(server.hits()).toBe(2);
  });
});

describe('an issuer that is in trouble', () => {
  const troubles: readonly [string, (target: JwksServer) => void][] = [
    ['is down', (target) => target.serve((response) => response.destroy())],
    ['answers 500', (target) => target.serve((response) => response.writeHead(500).end('no'))],
    ['answers 404', (target) => target.serve((response) => response.writeHead(404).end('{"keys":[]}'))],
    [
      'redirects',
      (target) => target.serve((response) => response.writeHead(302, { location: `${target.url}2` }).end()),
    ],
    ['answers no JSON', (target) => target.serve((response) => response.end('<html>'))],
    ['answers no key set', (target) => target.serve((response) => response.end('{"keys":{}}'))],
    [
      'answers without end',
      (target) => target.serve((response) => response.end(`{"keys":[],"x":"${'x'.repeat(2_000_000)}"}`)),
    ],
  ];

  it.each(troubles)(
    'and %s: the keys it gave before still work, for longer than they are fresh',
    async (_, cause) => {
      const authorizer = hub();
      const exp = Math.floor(Date.now() / 1000) + 86_400;
      expect(await ask(authorizer, await token('one', rsa.privateKey, 'RS256', { exp }))).toBeDefined();
      cause(server);
      for (let failures = 1; failures <= 3; failures++) {
        clock.advanceTimersByTime(JWKS_TIMING.maxAgeMs);
        // Asked again until the fetch is seen: the one before may still be reading its answer.
        await vi.waitFor(async () => {
          const sub = `user ${failures} ${server.hits()}`;
          expect(
            await ask(authorizer, await token('one', rsa.privateKey, 'RS256', { exp, sub })),
          ).toBeDefined();
          expect(server.hits()).toBe(1 + failures);
        });
      }
    },
  );

  it.each(troubles)(
    'and %s before it ever gave keys: 401, and one fetch per first cool-down',
    async (_, cause) => {
      cause(server);
      const authorizer = hub();
      const bearer = await token('one');
      for (let round = 1; round <= 3; round++) {
        for (let again = 0; again < 5; again++)
          expect(await failure(ask(authorizer, bearer))).toMatchObject(INVALID);
        expect(server.hits()).toBe(round);
        clock.advanceTimersByTime(JWKS_TIMING.firstCooldownMs);
      }
      server.serveKeys({ one: rsa.publicKey });
      expect(await ask(authorizer, bearer)).toBeDefined();
    },
  );

  it('and is slow: tokens with keys known already do not wait for it', async () => {
    const authorizer = hub();
    expect(await ask(authorizer, await token('one'))).toBeDefined();
    server.serve(() => undefined);
    clock.advanceTimersByTime(JWKS_TIMING.cooldownMs);
    const waiting = failure(ask(authorizer, await token('unknown')));
    await vi.waitFor(() => expect(server.hits()).toBe(2));
    // Before the answer, which never comes:
    expect(
      await ask(authorizer, await token('one', rsa.privateKey, 'RS256', { sub: 'another' })),
    ).toBeDefined();
    await server.close();
    expect(await waiting).toMatchObject(INVALID);
    server = await startJwksServer();
  });

  it('and never answers: the fetch ends by itself', async () => {
    server.serve(() => undefined);
    vi.useRealTimers();
    await expect(fetchText(new URL(server.url), { timeoutMs: 50, maxBytes: 100 })).rejects.toThrow('timeout');
  });
});

describe('a flood of unknown kids', () => {
  it('causes one fetch per cool-down, however many tokens, one after another or all at once', async () => {
    const authorizer = hub();
    expect(await ask(authorizer, await token('one'))).toBeDefined();
    for (let round = 1; round <= 3; round++) {
      clock.advanceTimersByTime(JWKS_TIMING.cooldownMs);
      const flood = await Promise.all(Array.from({ length: 50 }, (_, index) => token(`${round}-${index}`)));
      for (const bearer of flood.slice(0, 10))
        expect(await failure(ask(authorizer, bearer))).toMatchObject(INVALID);
      const refusals = await Promise.all(flood.map((bearer) => failure(ask(authorizer, bearer))));
      expect(refusals.every(({ code }) => code === 'TOKEN_INVALID')).toBe(true);
      expect(server.hits()).toBe(1 + round);
    }
  });

  it('causes no more fetches where they fail', async () => {
    const authorizer = hub();
    expect(await ask(authorizer, await token('one'))).toBeDefined();
    server.serve((response) => response.writeHead(500).end());
    clock.advanceTimersByTime(JWKS_TIMING.cooldownMs);
    const flood = await Promise.all(Array.from({ length: 30 }, (_, index) => token(`${index}`)));
    for (const bearer of flood) await failure(ask(authorizer, bearer));
    expect(server.hits()).toBe(2);
    expect(
      await ask(authorizer, await token('one', rsa.privateKey, 'RS256', { sub: 'honest' })),
    ).toBeDefined();
  });

  it('causes no fetch at all in the name of an issuer that is not known', async () => {
    const authorizer = hub();
    const bearer = await modernToken({ iss: 'https://evil.example' }, rsa.privateKey, {
      alg: 'RS256',
      kid: 'x',
    });
    expect(await failure(ask(authorizer, bearer))).toMatchObject(INVALID);
    expect(server.hits()).toBe(0);
  });
});

describe('the address of a key set', () => {
  it('may be a file, which is read once, at the start', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'jwks-'));
    const path = join(folder, 'keys.json');
    writeFileSync(path, JSON.stringify(jwksOf({ one: rsa.publicKey })));
    const authorizer = hub({ jwksUrl: pathToFileURL(path).href });
    rmSync(folder, { recursive: true });
    expect(await ask(authorizer, await token('one'))).toBeDefined();
    clock.advanceTimersByTime(JWKS_TIMING.maxAgeMs);
    expect(await failure(ask(authorizer, await token('unknown')))).toMatchObject(INVALID);
    const exp = Math.floor(Date.now() / 1000) + 60;
    expect(await ask(authorizer, await token('one', rsa.privateKey, 'RS256', { exp }))).toBeDefined();
  });

  it.each([
    'https://issuer.example/jwks',
    'http://localhost:1/jwks',
    'http://127.8.9.1/jwks',
    'http://[::1]:8080/',
  ])('may be %s, and is not fetched at the start', (jwksUrl) => {
    expect(hub({ jwksUrl }).warnings).toEqual([]);
  });

  it.each([
    'http://issuer.example/jwks',
    'http://127.0.0.1.evil.example/',
    'http://localhost.evil.example/',
    'http://10.0.0.1/jwks',
    'file://server/share/keys.json',
    'file:///nowhere/keys.json',
    'ftp://issuer.example/jwks',
    'data:application/json,{"keys":[]}',
    'https://user:password@issuer.example/jwks',
    '/jwks',
    '',
  ])('refuses the start when it is %s', (jwksUrl) => {
    const error = thrown(() => hub({ jwksUrl }));
    expect(error).toMatchObject({ code: 'OPTIONS_INVALID' });
    expect(error.message).not.toContain('password');
  });

  it.each<[string, readonly Algorithm[]]>([
    ['HMAC: published keys are public', ['RS256', 'HS256']],
    ['none', ['none' as Algorithm]],
    ['no algorithm', []],
  ])('refuses the start when it is to be used with %s', (_, algorithms) => {
    expect(thrown(() => hub({ jwksUrl: 'https://issuer.example/jwks', algorithms }))).toMatchObject({
      code: 'OPTIONS_INVALID',
    });
  });
});

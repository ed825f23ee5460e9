import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { authorizationCookie } from '../../src/authorization/authorization-cookie.js';
import { Authorizer } from '../../src/authorization/authorizer.js';
import { createToken, type TokenRequest } from '../../src/authorization/create-token.js';
import { failure, thrown } from './support/failure.js';
import { HUB_URL, hubOptions, ORIGIN, OTHER_SECRET, request, SECRET } from './support/options.js';
import { detail, KEYS, legacyToken, modernToken, privatePem, publicPem } from './support/tokens.js';

const NOT_MINTABLE = { code: 'TOKEN_NOT_MINTABLE' };
const anywhere = { publicUrl: undefined, hubUrl: new URL('http://localhost/.well-known/mercure') };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a token made here', () => {
  it('is a 1.0 access token where an issuer is known', async () => {
    const token = await createToken(
      { publish: ['a', '*'], subscribe: ['b', { urlPattern: '/books/:id' }], payload: { user: 1 } },
      hubOptions(),
    );
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', typ: 'at+jwt' });
    expect(decodeJwt(token)).toEqual({
      iss: ORIGIN,
      aud: HUB_URL,
      client_id: ORIGIN,
      jti: expect.any(String),
      iat: 1_800_000_000,
      exp: 1_800_003_600,
      authorization_details: [
        detail(['publish'], [{ match: 'a' }, { match: '*' }]),
        detail(['subscribe'], [{ match: 'b' }, { match: '/books/:id', match_type: 'urlpattern' }], {
          payload: { user: 1 },
        }),
      ],
    });
  });

  it('is a 0.x token where none is known', async () => {
    const token = await createToken(
      { subscribe: ['b', '*', { template: '/books/{id}' }], payload: 'x', expiresIn: 60, subject: 'me' },
      hubOptions(anywhere),
    );
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(decodeJwt(token)).toEqual({
      mercure: { subscribe: ['b', '*', '/books/{id}'], payload: 'x' },
      iat: 1_800_000_000,
      exp: 1_800_000_060,
      sub: 'me',
    });
  });

  it.each<[string, TokenRequest, Parameters<typeof hubOptions>[0], string]>([
    ['the generation asked for', { generation: '0.x' }, {}, '0.x'],
    ['0.x under protocol 0.x', {}, { protocol: '0.x' }, '0.x'],
    ['1.0 under protocol 1.0', {}, { protocol: '1.0' }, '1.0'],
    [
      '1.0 with an issuer and an identifier of the resource',
      {},
      { ...anywhere, issuer: 'me', resourceIdentifier: 'urn:hub' },
      '1.0',
    ],
  ])('is of %s, and is accepted by its own hub', async (_, asked, options, generation) => {
    const own = hubOptions(options);
    const bearer = await createToken({ publish: ['a'], subscribe: ['b'], ...asked }, own);
    for (const role of ['publish', 'subscribe'] as const) {
      expect(await new Authorizer(own).authenticate(request({ bearer }), role)).toMatchObject({
        generation,
        publish: [{ type: 'exact', pattern: 'a' }],
        subscribe: [{ type: 'exact', pattern: 'b' }],
      });
    }
  });

  it.each([
    ['RSA', privatePem(KEYS.rsa.privateKey), 'RS256'],
    ['P-256', KEYS.p256.privateKey, 'ES256'],
    ['Ed25519', { ...KEYS.ed25519.privateKey.export({ format: 'jwk' }), kid: 'seven' }, 'EdDSA'],
    ['a short secret', '!ChangeMe!', 'HS256'],
  ])('is signed with the key of its role: %s', async (_, key, alg) => {
    const own = hubOptions({ publisher: { key }, subscriber: { key: OTHER_SECRET } });
    const bearer = await createToken({ publish: ['a'] }, own);
    expect(decodeProtectedHeader(bearer)).toMatchObject({ alg, ...(alg === 'EdDSA' && { kid: 'seven' }) });
    expect(await new Authorizer(own).authenticate(request({ bearer }), 'publish')).toBeDefined();
    const subscriber = await createToken({ subscribe: ['a'] }, own);
    expect(
      await new Authorizer(own).authenticate(request({ bearer: subscriber }), 'subscribe'),
    ).toBeDefined();
  });

  it('is for both roles where their keys are the same key, however written', async () => {
    const own = hubOptions({
      publisher: { key: privatePem(KEYS.rsa.privateKey) },
      subscriber: { key: publicPem(KEYS.rsa.publicKey) },
    });
    const bearer = await createToken({ publish: ['a'], subscribe: ['b'] }, own);
    expect(await new Authorizer(own).authenticate(request({ bearer }), 'subscribe')).toBeDefined();
  });

  it('of the hub’s own issuer with keys of its own is signed with those', async () => {
    const own = hubOptions({ issuers: [{ issuer: ORIGIN, subscriber: { key: OTHER_SECRET } }] });
    const bearer = await createToken({ subscribe: ['a'] }, own);
    expect(await new Authorizer(own).authenticate(request({ bearer }), 'subscribe')).toBeDefined();
  });

  it.each<[string, TokenRequest, Parameters<typeof hubOptions>[0]]>([
    [
      'both roles with different keys',
      { publish: ['a'], subscribe: ['a'] },
      { subscriber: { key: OTHER_SECRET } },
    ],
    [
      'both roles with keys of different kinds',
      { publish: ['a'], subscribe: ['a'] },
      { subscriber: { key: KEYS.rsa.privateKey } },
    ],
    ['a role without a key', { publish: ['a'] }, { publisher: undefined }],
    ['a public key', { subscribe: ['a'] }, { subscriber: { key: publicPem(KEYS.rsa.publicKey) } }],
    [
      'a key set of somebody else',
      { subscribe: ['a'] },
      { subscriber: { jwksUrl: 'https://issuer.example/jwks' } },
    ],
    ['a template in 1.0', { subscribe: [{ template: '/books/{id}' }] }, {}],
    ['`*` as a URL Pattern', { subscribe: [{ urlPattern: '*' }] }, {}],
    ['an invalid URL Pattern', { subscribe: [{ urlPattern: '/:' }] }, {}],
    ['an empty topic in 1.0', { subscribe: [''] }, {}],
    ['a topic with a line feed', { subscribe: ['a\nb'] }, {}],
    ['101 topics in 1.0', { subscribe: Array.from({ length: 101 }, (_, index) => `${index}`) }, {}],
    [
      'more than a token may have',
      { subscribe: Array.from({ length: 100 }, (_, index) => `${index}${'x'.repeat(200)}`) },
      {},
    ],
    ['a payload of 1.0 that is no object', { subscribe: ['a'], payload: 'text' }, {}],
    ['a payload of 1.0 for no subscription', { publish: ['a'], payload: {} }, {}],
    [
      'a 1.0 token without issuer',
      { subscribe: ['a'], generation: '1.0' },
      { ...anywhere, resourceIdentifier: 'urn:hub' },
    ],
    ['a 1.0 token without audience', { subscribe: ['a'] }, { ...anywhere, issuer: 'me' }],
    ['a 1.0 token under protocol 0.x', { subscribe: ['a'], generation: '1.0' }, { protocol: '0.x' }],
    ['a 0.x token under protocol 1.0', { subscribe: ['a'], generation: '0.x' }, { protocol: '1.0' }],
    ['a URL Pattern in 0.x', { subscribe: [{ urlPattern: '/:id' }] }, anywhere],
    ['an exact topic of 0.x that would be read as a template', { subscribe: ['/books/{id}'] }, anywhere],
    [
      'a template of 0.x that would be read as an exact topic',
      { subscribe: [{ template: '/books/{' }] },
      anywhere,
    ],
    ['`*` as a template', { subscribe: [{ template: '*' }] }, anywhere],
    ['1,001 topics in 0.x', { subscribe: Array.from({ length: 1001 }, () => 'a') }, anywhere],
    ['no lifetime', { subscribe: ['a'], expiresIn: 0 }, {}],
    ['a lifetime in the past', { subscribe: ['a'], expiresIn: -1 }, {}],
    ['a lifetime without end', { subscribe: ['a'], expiresIn: Infinity }, {}],
    ['a lifetime that is no number', { subscribe: ['a'], expiresIn: Number.NaN }, {}],
  ])('is none, and says so, with %s', async (_, asked, options) => {
    const error = await failure(createToken(asked, hubOptions(options)));
    expect(error).toMatchObject(NOT_MINTABLE);
    expect(`${error.message}${error.remedy}`).not.toContain(SECRET);
  });
});

describe('the cookie of a token', () => {
  it('has the name of its generation, and is for the hub alone', async () => {
    const modern = await modernToken({ exp: 1_800_000_090 });
    expect(authorizationCookie(modern, hubOptions())).toBe(
      `__Secure-mercure_access_token=${modern}; Path=/.well-known/mercure; Max-Age=90; HttpOnly; Secure; SameSite=Strict`,
    );
    const legacy = await legacyToken();
    expect(authorizationCookie(legacy, hubOptions())).toBe(
      `mercureAuthorization=${legacy}; Path=/.well-known/mercure; HttpOnly; Secure; SameSite=Strict`,
    );
  });

  it('is found again by the hub that set it', async () => {
    for (const token of [await modernToken(), await legacyToken()]) {
      const cookie = authorizationCookie(token, hubOptions()).split(';')[0]!;
      expect(await new Authorizer(hubOptions()).authenticate(request({ cookie }), 'subscribe')).toBeDefined();
    }
  });

  it('is over at once when its token is, and never outlives it by rounding', async () => {
    expect(authorizationCookie(await modernToken({ exp: 1_799_999_000 }), hubOptions())).toContain(
      '; Max-Age=0;',
    );
    expect(authorizationCookie(await modernToken({ exp: 1_800_000_001.9 }), hubOptions())).toContain(
      '; Max-Age=1;',
    );
  });

  const plain = { publicUrl: 'http://app.example', hubUrl: new URL('http://app.example/api/hub') };

  it.each<[string, Parameters<typeof hubOptions>[0], boolean]>([
    ['over https', { cookieName: 'hub' }, true],
    ['where nobody knows', { ...anywhere, cookieName: 'hub' }, true],
    ['for names that demand it', { ...plain, cookieName: '__Secure-hub' }, true],
    ['for names that demand it, in any case', { ...plain, cookieName: '__SECURE-hub' }, true],
    ['unless the application has no encryption', { ...plain, cookieName: 'hub' }, false],
  ])('is Secure %s', async (_, options, secure) => {
    expect(authorizationCookie(await modernToken(), hubOptions(options)).includes('; Secure;')).toBe(secure);
  });

  it('has the path of the hub, except under a name that browsers take with the root only', async () => {
    const token = await modernToken();
    expect(authorizationCookie(token, hubOptions(plain))).toContain('; Path=/api/hub;');
    expect(authorizationCookie(token, hubOptions({ cookieName: '__Host-hub' }))).toContain('; Path=/;');
  });

  it('is not made of what browsers would drop, or what is no token', async () => {
    const long = await legacyToken({
      subscribe: Array.from({ length: 50 }, (_, index) => `${index}${'x'.repeat(80)}`),
    });
    for (const bad of [long, '', 'x', 'a=b; Domain=evil.example', `${await modernToken()}; Path=/`]) {
      expect(thrown(() => authorizationCookie(bad, hubOptions()))).toMatchObject(NOT_MINTABLE);
    }
  });
});

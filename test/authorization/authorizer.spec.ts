import { describe, expect, it } from 'vitest';
import { Authorizer, type Role } from '../../src/authorization/authorizer.js';
import { failure, INVALID } from './support/failure.js';
import { HUB_URL, hubOptions, ORIGIN, OTHER_SECRET, request, SECRET } from './support/options.js';
import {
  detail,
  KEYS,
  legacyToken,
  modernClaims,
  modernToken,
  now,
  publicPem,
  sign,
} from './support/tokens.js';

describe('the published demo token', () => {
  it('verifies with the 10-byte secret of the public documentation, and says so in a warning', async () => {
    const key = '!ChangeMe!';
    const authorizer = new Authorizer(hubOptions({ publisher: { key }, subscriber: { key } }));
    const grants = await authorizer.authenticate(
      request({ bearer: await legacyToken(undefined, key) }),
      'subscribe',
    );
    expect(grants).toEqual({
      generation: '0.x',
      publish: [{ type: 'all', pattern: '*' }],
      publishAnyPublic: false,
      subscribe: [
        { type: 'exact', pattern: 'https://example.com/my-private-topic' },
        { type: 'template', pattern: '{scheme}://{+host}/demo/books/{id}.jsonld' },
        { type: 'template', pattern: '/.well-known/mercure/subscriptions{/topic}{/subscriber}' },
      ],
      payloads: [
        {
          topics: [{ type: 'all', pattern: '*' }],
          payload: { user: 'https://example.com/users/dunglas', remoteAddr: '127.0.0.1' },
        },
      ],
    });
    expect(authorizer.warnings).toHaveLength(2);
    expect(authorizer.warnings[0]).toContain('shorter than 32 bytes');
    expect(authorizer.warnings.join()).not.toContain(key);
  });
});

describe('a request without a token', () => {
  it.each(['publish', 'subscribe'] as const)('is nobody (%s)', async (role) => {
    expect(await new Authorizer(hubOptions()).authenticate(request(), role)).toBeUndefined();
  });
});

describe('a 1.0 token', () => {
  const authorizer = new Authorizer(hubOptions());

  it.each([['at+jwt'], ['AT+JWT'], ['At+Jwt'], ['application/at+jwt'], ['Application/AT+JWT']])(
    'is accepted with typ %s',
    async (typ) => {
      const grants = await authorizer.authenticate(
        request({ bearer: await modernToken({}, SECRET, { typ }) }),
        'publish',
      );
      expect(grants?.generation).toBe('1.0');
    },
  );

  it.each([
    ['typ JWT (an ID Token)', {}, { typ: 'JWT' }],
    ['typ at+jwtx', {}, { typ: 'at+jwtx' }],
    ['no typ', {}, { typ: undefined }],
    ['no iss', { iss: undefined }, {}],
    ['an unknown iss', { iss: 'https://evil.example' }, {}],
    ['an iss with a slash more', { iss: `${ORIGIN}/` }, {}],
    ['an iss in capitals', { iss: ORIGIN.toUpperCase() }, {}],
    ['an iss that is no string', { iss: [ORIGIN] }, {}],
    ['an iss named like a member of every object', { iss: '__proto__' }, {}],
    ['no aud', { aud: undefined }, {}],
    ['an aud of another resource', { aud: 'https://other.example.com/.well-known/mercure' }, {}],
    ['an aud that only begins like it', { aud: `${HUB_URL}/more` }, {}],
    ['an aud that is no string', { aud: { 0: HUB_URL } }, {}],
    ['no exp', { exp: undefined }, {}],
    ['a past exp', { exp: now() - 1 }, {}],
    ['a string exp', { exp: String(now() + 600) }, {}],
    ['exp null', { exp: null }, {}],
    ['an exp that is no date', { exp: 1e300 }, {}],
    ['a future nbf', { nbf: now() + 60 }, {}],
    ['a string nbf', { nbf: '0' }, {}],
    ['authorization_details that are no array', { authorization_details: {} }, {}],
    ['an invalid Mercure detail', { authorization_details: [detail(['publish'], [])] }, {}],
  ])('is refused with %s', async (_, claims, header) => {
    const bearer = await modernToken(claims, SECRET, header);
    expect(await failure(authorizer.authenticate(request({ bearer }), 'publish'))).toMatchObject(INVALID);
  });

  it.each([
    ['a string', HUB_URL],
    ['a list that has it', ['https://other.example', HUB_URL]],
  ])('names its audience as %s', async (_, aud) => {
    expect(
      await authorizer.authenticate(request({ bearer: await modernToken({ aud }) }), 'publish'),
    ).toBeDefined();
  });

  it('is never judged by the rules of 0.x, whatever else it says', async () => {
    const half = { mercure: { publish: ['*'], subscribe: ['*'] } };
    const tokens = [
      await sign({ ...half }, SECRET, { typ: 'at+jwt' }),
      await sign({ ...half, authorization_details: [] }, SECRET, { typ: 'JWT' }),
      await sign({ ...half, authorization_details: null }, SECRET),
      await sign({ ...half, ...modernClaims({ aud: 'https://other.example' }) }, SECRET, { typ: 'at+jwt' }),
    ];
    for (const bearer of tokens) {
      expect(await failure(authorizer.authenticate(request({ bearer }), 'publish'))).toMatchObject(INVALID);
    }
  });

  it('takes no grant from a mercure claim beside its details', async () => {
    const bearer = await modernToken({ mercure: { publish: ['*'] }, authorization_details: undefined });
    const grants = await authorizer.authenticate(request({ bearer }), 'publish');
    expect(grants).toMatchObject({ publish: [], subscribe: [], payloads: [] });
  });

  it('tells its exp and its subject', async () => {
    const exp = now() + 60;
    const grants = await authorizer.authenticate(
      request({ bearer: await modernToken({ exp, sub: 'me' }) }),
      'subscribe',
    );
    expect(grants).toMatchObject({ expiresAt: exp, subject: 'me' });
  });

  it('names the audience of the host it is sent to, where no public URL is set', async () => {
    const own = new Authorizer(
      hubOptions({
        publicUrl: undefined,
        hubUrl: new URL('http://localhost/hub'),
        path: '/hub',
        issuer: 'me',
      }),
    );
    const bearer = await modernToken({ iss: 'me', aud: 'http://10.0.0.1:3000/hub' });
    expect(
      await own.authenticate(request({ bearer, origin: 'http://10.0.0.1:3000' }), 'publish'),
    ).toBeDefined();
    // Proved a moment ago: the audience is judged again all the same.
    const elsewhere = own.authenticate(request({ bearer, origin: 'http://10.0.0.2:3000' }), 'publish');
    expect(await failure(elsewhere)).toMatchObject(INVALID);
  });

  it('names the configured resource identifier, and then nothing else', async () => {
    const own = new Authorizer(hubOptions({ resourceIdentifier: 'urn:hub' }));
    expect(
      await own.authenticate(request({ bearer: await modernToken({ aud: 'urn:hub' }) }), 'publish'),
    ).toBeDefined();
    expect(
      await failure(own.authenticate(request({ bearer: await modernToken() }), 'publish')),
    ).toMatchObject(INVALID);
  });
});

describe('issuers', () => {
  const A = 'https://a.example';
  const B = 'https://b.example';
  const authorizer = new Authorizer(
    hubOptions({
      trustedIssuers: ['https://friend.example'],
      issuers: [
        {
          issuer: A,
          publisher: { key: publicPem(KEYS.p256.publicKey) },
          subscriber: { key: publicPem(KEYS.ed25519.publicKey) },
        },
        { issuer: B, subscriber: { key: publicPem(KEYS.rsa.publicKey) } },
      ],
    }),
  );
  const p256 = { key: KEYS.p256.privateKey, alg: 'ES256' };
  const ed25519 = { key: KEYS.ed25519.privateKey, alg: 'EdDSA' };
  const rsa = { key: KEYS.rsa.privateKey, alg: 'RS256' };
  const own = { key: SECRET, alg: 'HS256' };

  it.each<[string, string, typeof p256 | typeof own, Role]>([
    ['with its publisher key', A, p256, 'publish'],
    ['with its subscriber key', A, ed25519, 'subscribe'],
    ['with its only key', B, rsa, 'subscribe'],
    ['that is trusted with the hub’s keys', 'https://friend.example', own, 'publish'],
    ['that is the hub itself', ORIGIN, own, 'subscribe'],
  ])('accepts an issuer %s', async (_, iss, { key, alg }, role) => {
    const bearer = await modernToken({ iss }, key, { alg });
    expect(await authorizer.authenticate(request({ bearer }), role)).toBeDefined();
  });

  it.each<[string, string, typeof p256 | typeof own, Role]>([
    ['the key of its other role', A, p256, 'subscribe'],
    ['the key of its other role, the other way round', A, ed25519, 'publish'],
    ['another issuer’s key', A, rsa, 'subscribe'],
    ['the hub’s key, in the name of another', A, own, 'publish'],
    ['its key, in the name of the hub', ORIGIN, p256, 'publish'],
    ['its key, for a role it has none for', B, rsa, 'publish'],
    ['the hub’s key, for a role it has none for', B, own, 'publish'],
  ])('refuse %s', async (_, iss, { key, alg }, role) => {
    const bearer = await modernToken({ iss }, key, { alg });
    expect(await failure(authorizer.authenticate(request({ bearer }), role))).toMatchObject(INVALID);
  });

  it('prove a role with the key of that role, even when the other role has just been proved', async () => {
    const both = new Authorizer(
      hubOptions({ publisher: { key: SECRET }, subscriber: { key: OTHER_SECRET } }),
    );
    for (const bearer of [await modernToken(), await legacyToken()]) {
      expect(await both.authenticate(request({ bearer }), 'publish')).toBeDefined();
      expect(await failure(both.authenticate(request({ bearer }), 'subscribe'))).toMatchObject(INVALID);
      expect(await both.authenticate(request({ bearer }), 'publish')).toBeDefined();
    }
  });

  it.each([
    ['in two entries', { issuers: [{ issuer: A }, { issuer: A }] }],
    ['as trusted and with keys of its own', { issuers: [{ issuer: A }], trustedIssuers: [A] }],
    ['as trusted twice', { trustedIssuers: [A, A] }],
  ])('named twice refuse the start (%s)', (_, options) => {
    expect(() => new Authorizer(hubOptions(options))).toThrowError(
      expect.objectContaining({ code: 'OPTIONS_INVALID' }),
    );
  });

  it('with keys of its own, the hub’s own issuer is verified with those alone', async () => {
    const moved = new Authorizer(
      hubOptions({ issuers: [{ issuer: ORIGIN, publisher: { key: OTHER_SECRET } }] }),
    );
    const old = moved.authenticate(request({ bearer: await modernToken() }), 'publish');
    expect(await failure(old)).toMatchObject(INVALID);
    const bearer = await modernToken({}, OTHER_SECRET);
    expect(await moved.authenticate(request({ bearer }), 'publish')).toBeDefined();
  });
});

describe('a 0.x token', () => {
  const authorizer = new Authorizer(hubOptions());

  it.each([
    ['without exp', {}],
    ['with a fractional exp, as PHP clients send it', { exp: now() + 60.25 }],
    ['with a past nbf', { nbf: now() - 60 }],
    ['with any iss and aud', { iss: 'https://whoever', aud: 'whatever' }],
  ])('is accepted %s', async (_, claims) => {
    const bearer = await legacyToken(undefined, SECRET, {}, claims);
    expect((await authorizer.authenticate(request({ bearer }), 'publish'))?.generation).toBe('0.x');
  });

  it.each([
    ['a past exp', { exp: now() - 0.5 }],
    ['a string exp', { exp: String(now() + 60) }],
    ['a future nbf', { nbf: now() + 60.5 }],
    ['a mercure claim that is no object', { mercure: ['*'] }],
  ])('is refused with %s', async (_, claims) => {
    const bearer = await legacyToken(undefined, SECRET, {}, claims);
    expect(await failure(authorizer.authenticate(request({ bearer }), 'publish'))).toMatchObject(INVALID);
  });

  it.each<[string, Parameters<typeof hubOptions>[0]]>([
    ['where the protocol is 1.0 only', { protocol: '1.0' }],
    ['where no key of the hub is for its role', { publisher: undefined }],
  ])('is refused %s', async (_, options) => {
    const own = new Authorizer(hubOptions(options));
    expect(
      await failure(own.authenticate(request({ bearer: await legacyToken() }), 'publish')),
    ).toMatchObject(INVALID);
  });

  it('does not verify with the keys of an issuer of 1.0, even when it names it', async () => {
    const own = new Authorizer(
      hubOptions({
        publisher: undefined,
        issuers: [{ issuer: 'https://a.example', publisher: { key: SECRET } }],
      }),
    );
    const bearer = await legacyToken(undefined, SECRET, {}, { iss: 'https://a.example' });
    expect(await failure(own.authenticate(request({ bearer }), 'publish'))).toMatchObject(INVALID);
  });
});

describe('a hub of 0.x only', () => {
  it('refuses 1.0 tokens with 401', async () => {
    const authorizer = new Authorizer(hubOptions({ protocol: '0.x' }));
    const refused = authorizer.authenticate(request({ bearer: await modernToken() }), 'publish');
    expect(await failure(refused)).toMatchObject(INVALID);
  });
});

describe('anonymous subscribers', () => {
  it('do not make a bad token good', async () => {
    const authorizer = new Authorizer(hubOptions({ anonymous: true }));
    const bearer = await legacyToken(undefined, OTHER_SECRET);
    expect(await failure(authorizer.authenticate(request({ bearer }), 'subscribe'))).toMatchObject(INVALID);
    expect(await authorizer.authenticate(request(), 'subscribe')).toBeUndefined();
  });

  it('have their tokens ignored completely where no subscriber could have one', async () => {
    const authorizer = new Authorizer(hubOptions({ anonymous: true, subscriber: undefined }));
    const requests = [
      request({ bearer: await modernToken() }),
      request({ bearer: 'x' }),
      request({ authorization: ['Basic abc', 'Bearer'] }),
      request({ url: '/.well-known/mercure?authorization=x' }),
      request({ cookie: 'mercureAuthorization=x' }),
    ];
    for (const each of requests) expect(await authorizer.authenticate(each, 'subscribe')).toBeUndefined();
    expect(await failure(authorizer.authenticate(request({ bearer: 'x' }), 'publish'))).toMatchObject({
      status: 400,
    });
  });

  it('have their tokens judged where an issuer has a subscriber key', async () => {
    const issuers = [{ issuer: 'https://a.example', subscriber: { key: OTHER_SECRET } }];
    const authorizer = new Authorizer(hubOptions({ anonymous: true, subscriber: undefined, issuers }));
    const refused = authorizer.authenticate(request({ bearer: await legacyToken() }), 'subscribe');
    expect(await failure(refused)).toMatchObject(INVALID);
  });
});

describe('refusals', () => {
  it('are the same whatever is wrong, and hold neither the token nor the reason', async () => {
    const authorizer = new Authorizer(hubOptions());
    const tokens = [
      await modernToken({ exp: now() - 1 }),
      await modernToken({ iss: 'https://evil.example' }),
      await modernToken({}, OTHER_SECRET),
      await legacyToken(undefined, OTHER_SECRET),
    ];
    const errors = await Promise.all(
      tokens.map((bearer) => failure(authorizer.authenticate(request({ bearer }), 'publish'))),
    );
    expect(new Set(errors.map(({ message, remedy, status }) => `${status} ${message} ${remedy}`)).size).toBe(
      1,
    );
    for (const [index, error] of errors.entries()) {
      const everything = `${error.message}${error.remedy}${String(error.stack)}${String(error.cause)}`;
      for (const part of tokens[index]!.split('.')) expect(everything).not.toContain(part);
      expect(everything).not.toContain(SECRET);
    }
  });
});

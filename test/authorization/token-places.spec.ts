import { describe, expect, it } from 'vitest';
import { Authorizer } from '../../src/authorization/authorizer.js';
import { findToken } from '../../src/authorization/token-places.js';
import type { Protocol } from '../../src/options/mercure-options.js';
import { failure, INVALID, thrown } from './support/failure.js';
import { hubOptions, OTHER_SECRET, request } from './support/options.js';
import { legacyToken, modernToken } from './support/tokens.js';

const LEGACY = await legacyToken();
const MODERN = await modernToken();
const query = (parameters: string): string => `/.well-known/mercure?topic=a&${parameters}`;
const cookie = (value: string): string => `theme=dark; ${value}; lang=fr`;

describe('the one token that counts', () => {
  const everywhere = {
    bearer: MODERN,
    url: query(`authorization=${LEGACY}`),
    cookie: `mercureAuthorization=${LEGACY}; __Secure-mercure_access_token=${MODERN}`,
  };

  it.each([
    ['the header, before all else', everywhere, { text: MODERN, place: 'header' }],
    [
      'the query parameter of 0.x, before cookies',
      { ...everywhere, bearer: undefined },
      { text: LEGACY, place: 'query' },
    ],
    [
      'the cookie of 1.0, before that of 0.x',
      { cookie: everywhere.cookie },
      { text: MODERN, place: 'cookie' },
    ],
    [
      'the cookie of 0.x',
      { cookie: cookie(`mercureAuthorization=${LEGACY}`) },
      { text: LEGACY, place: 'cookie' },
    ],
    [
      'the cookie of 0.x, where that of 1.0 is empty',
      { cookie: `__Secure-mercure_access_token=; mercureAuthorization=${LEGACY}` },
      { text: LEGACY, place: 'cookie' },
    ],
    ['a quoted cookie', { cookie: `mercureAuthorization="${LEGACY}"` }, { text: LEGACY, place: 'cookie' }],
    [
      'the first of two cookies',
      { cookie: `mercureAuthorization=${LEGACY}; mercureAuthorization=x` },
      { text: LEGACY, place: 'cookie' },
    ],
    [
      'the query parameter as tutorials spell it',
      { url: query(`Authorization=Bearer%20${LEGACY}`) },
      { text: LEGACY, place: 'query' },
    ],
    [
      'the same with a plus',
      { url: query(`Authorization=Bearer+${LEGACY}`) },
      { text: LEGACY, place: 'query' },
    ],
    [
      'the header with a scheme in lower case',
      { authorization: [`bearer ${LEGACY}`] },
      { text: LEGACY, place: 'header' },
    ],
    [
      'the header with a scheme in capitals',
      { authorization: [`BEARER ${LEGACY}`] },
      { text: LEGACY, place: 'header' },
    ],
    ['none, in a request without any', {}, undefined],
    [
      'none, in cookies of others',
      { cookie: 'theme=dark; xmercureAuthorization=1; mercureauthorization=2; bare' },
      undefined,
    ],
    ['none, in the query parameter of OAuth', { url: query(`access_token=${MODERN}`) }, undefined],
    [
      'none, for a 1.0 token in the query: it is absent, not invalid',
      { url: query(`authorization=${MODERN}`) },
      undefined,
    ],
    [
      'the cookie, behind a 1.0 token in the query',
      { url: query(`authorization=${MODERN}`), cookie: `mercureAuthorization=${LEGACY}` },
      { text: LEGACY, place: 'cookie' },
    ],
  ])('is %s', (_, parts, expected) => {
    expect(findToken(request(parts), hubOptions())).toEqual(expected);
  });

  it('comes in no place of 0.x under protocol 1.0', () => {
    const options = hubOptions({ protocol: '1.0' });
    const places = { url: query(`authorization=${LEGACY}`), cookie: `mercureAuthorization=${LEGACY}` };
    expect(findToken(request(places), options)).toBeUndefined();
  });

  it('comes in the cookie of the configured name', () => {
    const options = hubOptions({ cookieName: 'hub_token' });
    expect(findToken(request({ cookie: `hub_token=${MODERN}` }), options)).toEqual({
      text: MODERN,
      place: 'cookie',
    });
    expect(
      findToken(request({ cookie: `__Secure-mercure_access_token=${MODERN}` }), options),
    ).toBeUndefined();
    expect(findToken(request({ cookie: `mercureAuthorization=${LEGACY}` }), options)?.text).toBe(LEGACY);
  });

  it('is never looked for in a lower place when a higher one holds a bad one', async () => {
    const bad = await legacyToken(undefined, OTHER_SECRET);
    const authorizer = new Authorizer(hubOptions());
    for (const parts of [
      { bearer: bad, cookie: `mercureAuthorization=${LEGACY}` },
      { url: query(`authorization=${bad}`), cookie: `mercureAuthorization=${LEGACY}` },
      { cookie: `__Secure-mercure_access_token=${bad}; mercureAuthorization=${LEGACY}` },
    ]) {
      expect(await failure(authorizer.authenticate(request(parts), 'subscribe'))).toMatchObject(INVALID);
    }
  });
});

describe('a malformed header', () => {
  it.each<[string, readonly string[]]>([
    ['twice the header', [`Bearer ${LEGACY}`, `Bearer ${LEGACY}`]],
    ['another scheme', ['Basic dXNlcjpwYXNz']],
    ['no scheme', [LEGACY]],
    ['no token', ['Bearer']],
    ['nothing', ['']],
    ['too short a token', ['Bearer abcdefghijklmnop']],
    ['two tokens', [`Bearer ${LEGACY} ${LEGACY}`]],
    ['a comma', [`Bearer ${LEGACY},`]],
    ['parameters', [`Bearer token="${LEGACY}"`]],
  ])('is 400 for 1.0 and 401 for 0.x: %s', (_, authorization) => {
    const malformed = { code: 'AUTHORIZATION_MALFORMED' };
    const at = (protocol: Protocol): unknown =>
      thrown(() =>
        findToken(
          request({ authorization, cookie: `mercureAuthorization=${LEGACY}` }),
          hubOptions({ protocol }),
        ),
      );
    expect(at('both')).toMatchObject({ ...malformed, status: 400, message: 'Bad Request' });
    expect(at('1.0')).toMatchObject({ ...malformed, status: 400 });
    expect(at('0.x')).toMatchObject({ ...malformed, status: 401, message: 'Unauthorized' });
  });
});

describe('the query parameter of 0.x', () => {
  const authorizer = new Authorizer(hubOptions());

  it.each([
    ['short', 'authorization=abc'],
    ['empty', 'authorization='],
    ['no token at all', `authorization=${'x'.repeat(60)}`],
  ])('is refused with 401 when it is %s', async (_, parameter) => {
    const refused = authorizer.authenticate(request({ url: query(parameter) }), 'subscribe');
    expect(await failure(refused)).toMatchObject(INVALID);
  });

  it('is refused with 401 when there are two', () => {
    for (const twice of [
      `authorization=${LEGACY}&authorization=${LEGACY}`,
      `authorization=${LEGACY}&Authorization=${LEGACY}`,
    ]) {
      const error = thrown(() => findToken(request({ url: query(twice) }), hubOptions()));
      expect(error).toMatchObject({ code: 'AUTHORIZATION_MALFORMED', status: 401 });
    }
  });
});

describe('a token in a cookie, on a request that publishes', () => {
  const options = hubOptions({ publishOrigins: ['https://app.example.com', 'https://*.Example.org'] });
  const authorizer = new Authorizer(options);
  const app = 'https://app.example.com';
  const post = (name: string, token: string, headers: Record<string, string>) =>
    authorizer.authenticate(request({ method: 'POST', cookie: `${name}=${token}`, headers }), 'publish');

  it.each<[string, Record<string, string>]>([
    ['a listed origin', { origin: app }],
    ['a listed origin, before any referer', { origin: app, referer: 'https://evil.example/' }],
    ['an origin under a wildcard', { origin: 'https://a.example.org' }],
    ['a referer of a listed origin', { referer: `${app}/page?x=https://evil.example` }],
  ])('is taken from %s', async (_, headers) => {
    expect(await post('__Secure-mercure_access_token', MODERN, headers)).toBeDefined();
    expect(await post('mercureAuthorization', LEGACY, headers)).toBeDefined();
  });

  it.each<[string, Record<string, string>]>([
    ['without origin and referer', {}],
    ['from an origin that is not listed', { origin: 'https://evil.example' }],
    [
      'from an origin that is not listed, whatever its referer',
      { origin: 'https://evil.example', referer: `${app}/` },
    ],
    ['from no origin at all (a sandboxed frame)', { origin: 'null' }],
    ['from an origin that ends like a listed one', { origin: 'https://evilapp.example.com' }],
    ['from an origin that begins like a listed one', { origin: `${app}.evil.example` }],
    ['from another port', { origin: `${app}:8443` }],
    ['without encryption', { origin: 'http://app.example.com' }],
    ['from the bare domain of a wildcard', { origin: 'https://example.org' }],
    ['from an empty label under a wildcard', { origin: 'https://.example.org' }],
    ['from a referer that is not listed', { referer: `https://evil.example/${app}` }],
    ['from a referer with a listed host as its user', { referer: 'https://app.example.com@evil.example/' }],
  ])('is refused %s: 400 for 1.0, 401 for 0.x', async (_, headers) => {
    const refusal = { code: 'ORIGIN_NOT_ALLOWED' };
    expect(await failure(post('__Secure-mercure_access_token', MODERN, headers))).toMatchObject({
      ...refusal,
      status: 400,
    });
    expect(await failure(post('mercureAuthorization', LEGACY, headers))).toMatchObject({
      ...refusal,
      status: 401,
    });
  });

  it('is refused with 401 from a referer that is no URL', async () => {
    expect(await failure(post('mercureAuthorization', LEGACY, { referer: '::' }))).toMatchObject(INVALID);
  });

  it('is taken from everywhere where `*` is listed, as long as the page says where it is from', async () => {
    const open = new Authorizer(hubOptions({ publishOrigins: ['*'] }));
    const from = (headers: Record<string, string>) =>
      open.authenticate(
        request({ method: 'POST', cookie: `mercureAuthorization=${LEGACY}`, headers }),
        'publish',
      );
    expect(await from({ origin: 'https://whoever.example' })).toBeDefined();
    expect(await failure(from({}))).toMatchObject({ code: 'ORIGIN_NOT_ALLOWED' });
  });

  it('needs no listed origin by default, since none is listed: it is refused', async () => {
    const closed = new Authorizer(hubOptions());
    const parts = {
      method: 'POST',
      cookie: `mercureAuthorization=${LEGACY}`,
      headers: { origin: 'https://hub.example.com' },
    };
    expect(await failure(closed.authenticate(request(parts), 'publish'))).toMatchObject({
      code: 'ORIGIN_NOT_ALLOWED',
    });
  });

  it.each(['GET', 'HEAD', 'QUERY'])(
    'is taken from any page when the request only reads (%s)',
    async (method) => {
      const headers = { origin: 'https://evil.example' };
      const parts = { method, cookie: `mercureAuthorization=${LEGACY}`, headers };
      expect(await authorizer.authenticate(request(parts), 'subscribe')).toBeDefined();
    },
  );

  it.each(['PUT', 'DELETE', 'PATCH', 'get'])(
    'is judged by its page with any other method (%s)',
    async (method) => {
      const parts = { method, cookie: `mercureAuthorization=${LEGACY}` };
      expect(await failure(authorizer.authenticate(request(parts), 'publish'))).toMatchObject({
        code: 'ORIGIN_NOT_ALLOWED',
      });
    },
  );

  it('is judged by its page on every request, also when it has been proved before', async () => {
    expect(await post('mercureAuthorization', LEGACY, { origin: app })).toBeDefined();
    expect(await failure(post('mercureAuthorization', LEGACY, {}))).toMatchObject({
      code: 'ORIGIN_NOT_ALLOWED',
    });
  });

  it('does not matter to a token in the header, which no other page can send', async () => {
    const parts = { method: 'POST', bearer: MODERN, headers: { origin: 'https://evil.example' } };
    expect(await authorizer.authenticate(request(parts), 'publish')).toBeDefined();
  });
});

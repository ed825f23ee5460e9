import { createHmac, createPublicKey } from 'node:crypto';
import type * as FileSystem from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Authorizer } from '../../src/authorization/authorizer.js';
import { decodeToken, MAX_TOKEN_BYTES } from '../../src/authorization/decoded-token.js';
import { parseStrictJson } from '../../src/authorization/strict-json.js';
import { failure, INVALID } from './support/failure.js';
import { type JwksServer, startJwksServer } from './support/jwks-server.js';
import { HUB_URL, hubOptions, ORIGIN, request, SECRET } from './support/options.js';
import {
  DEMO_CLAIM,
  forged,
  KEYS,
  legacyToken,
  modernClaims,
  modernToken,
  now,
  publicPem,
  sign,
} from './support/tokens.js';

const files = vi.hoisted(() => ({ read: 0, verified: 0 }));

vi.mock('node:fs', async (original) => {
  const real = await original<typeof FileSystem>();
  const readFileSync = (...args: Parameters<typeof real.readFileSync>) => {
    files.read++;
    return real.readFileSync(...args);
  };
  return { ...real, readFileSync };
});

vi.mock('jose', async (original) => {
  const real = await original<typeof import('jose')>();
  const compactVerify = ((...args: Parameters<typeof real.compactVerify>) => {
    files.verified++;
    return real.compactVerify(...args);
  }) as typeof real.compactVerify;
  return { ...real, compactVerify };
});

let server: JwksServer;
const fetched = vi.spyOn(globalThis, 'fetch');

beforeAll(async () => {
  server = await startJwksServer({ evil: KEYS.otherRsa.publicKey });
});

afterAll(() => server.close());

beforeEach(() => {
  files.read = 0;
  files.verified = 0;
});

afterEach(() => {
  expect(files.read).toBe(0);
  expect(server.hits()).toBe(0);
  expect(fetched).not.toHaveBeenCalled();
});

const { rsa, otherRsa, p256 } = KEYS;
const publicKey = { key: publicPem(rsa.publicKey) };
const ecKey = { key: publicPem(p256.publicKey) };
const hubs = {
  secret: new Authorizer(hubOptions()),
  rsa: new Authorizer(hubOptions({ publisher: publicKey, subscriber: publicKey })),
  ec: new Authorizer(hubOptions({ publisher: ecKey, subscriber: ecKey })),
};

async function refuses(hub: Authorizer, bearer: string): Promise<void> {
  for (const role of ['publish', 'subscribe'] as const) {
    expect(await failure(hub.authenticate(request({ bearer }), role))).toMatchObject(INVALID);
  }
  // In the query a 1.0 token counts as absent; anything else is refused as in the header.
  const inQuery = hub.authenticate(
    request({ url: `/?authorization=${encodeURIComponent(bearer)}` }),
    'subscribe',
  );
  if (decodeToken(bearer)?.generation === '1.0') expect(await inQuery).toBeUndefined();
  else expect(await failure(inQuery)).toMatchObject(INVALID);
}

const both: readonly [string, Record<string, unknown>, string][] = [
  ['0.x', { mercure: DEMO_CLAIM }, 'JWT'],
  ['1.0', modernClaims(), 'at+jwt'],
];

describe.each(both)('a forged token of %s', (_, claims, typ) => {
  it.each(['none', 'None', 'NONE', 'nOnE', '', 'null', 'undefined', 'constructor', '__proto__', 'toString'])(
    'with alg "%s" proves nothing, signed or not',
    async (alg) => {
      for (const hub of Object.values(hubs)) {
        await refuses(hub, forged({ alg, typ }, claims));
        await refuses(hub, forged({ alg, typ }, claims, ''));
      }
      expect(files.verified).toBe(0);
    },
  );

  it('without alg, or with one that is no text, proves nothing', async () => {
    for (const alg of [undefined, null, 1, ['HS256'], { HS256: true }, true]) {
      await refuses(hubs.secret, forged({ alg, typ }, claims));
    }
    expect(files.verified).toBe(0);
  });

  it('with an empty or missing signature proves nothing', async () => {
    const [header, payload] = forged({ alg: 'HS256', typ }, claims).split('.');
    for (const end of ['.', '', '..', '.=', '.AA']) await refuses(hubs.secret, `${header}.${payload}${end}`);
  });

  it('with the public key as HMAC secret (RS256 taken for HS256) proves nothing', async () => {
    const pem = publicPem(rsa.publicKey);
    const secrets = [
      pem,
      pem.trim(),
      pem.replaceAll('\n', ''),
      createPublicKey(pem).export({ format: 'der', type: 'spki' }),
    ];
    for (const secret of secrets) {
      for (const alg of ['HS256', 'HS384', 'HS512']) {
        const input = forged({ alg, typ }, claims).split('.').slice(0, 2).join('.');
        const signature = createHmac(alg.replace('HS', 'sha'), secret).update(input).digest('base64url');
        await refuses(hubs.rsa, `${input}.${signature}`);
      }
    }
    expect(files.verified).toBe(0);
  });

  it('with an ECDSA signature of zeros proves nothing', async () => {
    for (const bytes of [64, 63, 65, 0, 132]) {
      await refuses(
        hubs.ec,
        forged({ alg: 'ES256', typ }, claims, Buffer.alloc(bytes).toString('base64url')),
      );
    }
  });

  it('with another key in its header (jwk, x5c) or behind it (jku, x5u) proves nothing, and nothing is fetched', async () => {
    const jwk = otherRsa.publicKey.export({ format: 'jwk' });
    for (const header of [
      { jwk },
      { jku: server.url },
      { x5u: server.url },
      { x5c: [publicPem(otherRsa.publicKey)] },
      { jku: server.url, kid: 'evil' },
    ]) {
      await refuses(hubs.rsa, await sign(claims, otherRsa.privateKey, { alg: 'RS256', typ, ...header }));
    }
  });

  it('with a kid that is a path, a query or an address reads, asks and fetches nothing', async () => {
    for (const kid of [
      '/dev/null',
      '../../etc/passwd',
      "x' UNION SELECT 'secret",
      server.url,
      'file:///etc/passwd',
      '__proto__',
      '\0',
    ]) {
      await refuses(hubs.rsa, await sign(claims, otherRsa.privateKey, { alg: 'RS256', typ, kid }));
      await refuses(
        hubs.secret,
        await sign(claims, '', { typ, kid }).catch(() => forged({ alg: 'HS256', typ, kid }, claims)),
      );
    }
  });

  it.each([
    ['a critical extension nobody knows', { crit: ['exp'], exp: 1 }],
    ['critical extensions that are empty', { crit: [] }],
    ['b64 false', { crit: ['b64'], b64: false }],
    ['b64 false, unsaid', { b64: false }],
    ['b64 true', { crit: ['b64'], b64: true }],
    ['crit null', { crit: null }],
  ])('demanding %s is refused, even with the right signature', async (_name, header) => {
    const input = forged({ alg: 'HS256', typ, ...header }, claims)
      .split('.')
      .slice(0, 2)
      .join('.');
    const signature = createHmac('sha256', SECRET).update(input).digest('base64url');
    await refuses(hubs.secret, `${input}.${signature}`);
    expect(files.verified).toBe(0);
  });

  it.each([
    ['in its claims', (text: string) => text.replace(/\}$/, ',"exp":99999999999}'), (text: string) => text],
    [
      'in its claims, spelled in another way',
      (text: string) => text.replace(/\}$/, String.raw`,"\u0065xp":99999999999}`),
      (text: string) => text,
    ],
    [
      'deep in its claims',
      (text: string) => text.replace(/\}$/, ',"deep":[{"a":1,"b":{},"a":2}]}'),
      (text: string) => text,
    ],
    ['in its header', (text: string) => text, (text: string) => text.replace(/\}$/, ',"alg":"HS256"}')],
  ])(
    'that says something twice %s is refused, even with the right signature',
    async (_name, spoilClaims, spoilHeader) => {
      const input = forged(
        spoilHeader(JSON.stringify({ alg: 'HS256', typ })),
        spoilClaims(JSON.stringify({ exp: now() + 60, ...claims })),
      )
        .split('.')
        .slice(0, 2)
        .join('.');
      const signature = createHmac('sha256', SECRET).update(input).digest('base64url');
      await refuses(hubs.secret, `${input}.${signature}`);
      expect(files.verified).toBe(0);
    },
  );

  it('inside another token proves nothing', async () => {
    const inner = await sign(claims, SECRET, { typ });
    const input = forged({ alg: 'HS256', typ, cty: 'JWT' }, inner).split('.').slice(0, 2).join('.');
    const signature = createHmac('sha256', SECRET).update(input).digest('base64url');
    await refuses(hubs.secret, `${input}.${signature}`);
  });

  it('with claims exchanged under a signature that was right proves nothing', async () => {
    const [header, , signature] = (await sign({ ...claims, sub: 'me' }, SECRET, { typ })).split('.');
    const [, other] = (await sign({ ...claims, sub: 'somebody else' }, SECRET, { typ })).split('.');
    await refuses(hubs.secret, `${header}.${other}.${signature}`);
  });
});

describe('what is no token', () => {
  const noise = 'x'.repeat(60);

  it.each([
    ['noise', noise],
    ['two parts', `${noise}.${noise}`],
    ['four parts', `${noise}.${noise}.${noise}.${noise}`],
    ['an encrypted token', `${noise}.${noise}.${noise}.${noise}.${noise}`],
    ['a header that is no JSON', forged('{', {})],
    ['a header that is null', forged('null', {})],
    ['a header that is a list', forged('["HS256"]', {})],
    ['claims that are no JSON', forged({ alg: 'HS256' }, 'x')],
    ['claims that are text', forged({ alg: 'HS256' }, '"x"')],
    ['claims that are a list', forged({ alg: 'HS256' }, '[]')],
    [
      'claims that are not UTF-8',
      `${forged({ alg: 'HS256' }, 'x').split('.')[0]}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.${noise}`,
    ],
    ['a kid that is no text', forged({ alg: 'HS256', kid: 1 }, {})],
    ['a typ that is no text', forged({ alg: 'HS256', typ: ['at+jwt'] }, {})],
    ['nested a thousand times', forged({ alg: 'HS256' }, `{"a":${'['.repeat(1000)}${']'.repeat(1000)}}`)],
  ])('is refused: %s', async (_, bearer) => {
    for (const hub of Object.values(hubs)) await refuses(hub, bearer);
  });
});

describe('a token that is huge', () => {
  const padded = (bytes: number) => legacyToken(DEMO_CLAIM, SECRET, {}, { pad: 'x'.repeat(bytes) });

  it('is refused before it is decoded, let alone verified', async () => {
    const bearer = await padded(1_000_000);
    expect(decodeToken(bearer)).toBeUndefined();
    await refuses(hubs.secret, bearer);
    expect(files.verified).toBe(0);
  });

  it('is one of more than 16 KiB', async () => {
    const overhead = (await padded(0)).length;
    const bearer = await padded(Math.floor(((MAX_TOKEN_BYTES - overhead) * 3) / 4) - 4);
    expect(bearer.length).toBeGreaterThan(MAX_TOKEN_BYTES - 16);
    expect(await hubs.secret.authenticate(request({ bearer }), 'publish')).toBeDefined();
    await refuses(hubs.secret, await padded(Math.ceil(((MAX_TOKEN_BYTES - overhead) * 3) / 4) + 4));
  });

  it('with ten thousand topics is refused unverified', async () => {
    const topics = Array.from({ length: 10_000 }, (_, index) => `${index}`);
    await refuses(hubs.secret, await legacyToken({ publish: topics, subscribe: topics }));
    await refuses(
      hubs.secret,
      await modernToken({
        authorization_details: [
          {
            type: 'https://mercure.rocks/authorization-detail',
            actions: ['publish'],
            topics: topics.map((match) => ({ match })),
          },
        ],
      }),
    );
    expect(files.verified).toBe(0);
  });

  it('says so much that its limits are counted, not its bytes', async () => {
    const topics = Array.from({ length: 1001 }, () => 'a');
    await refuses(hubs.secret, await legacyToken({ publish: topics }));
    await refuses(
      hubs.secret,
      await modernToken({
        authorization_details: [
          {
            type: 'https://mercure.rocks/authorization-detail',
            actions: ['publish'],
            topics: topics.slice(900).map((match) => ({ match })),
          },
        ],
      }),
    );
  });
});

describe('member names', () => {
  it.each([
    '{}',
    '{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}],"d":"a","e":":{,\\"a\\":"}',
    '{"a\\\\":1,"a":2}',
    ' {"" : 1 } ',
  ])('that are unique are fine: %s', (text) => {
    expect(parseStrictJson(text)).toEqual(JSON.parse(text));
  });

  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":1}',
    '{"x":{"a":1,"b":[],"a":1}}',
    '{"":1,"":2}',
    '{"__proto__":1,"__proto__":2}',
  ])('used twice are refused: %s', (text) => {
    expect(() => parseStrictJson(text)).toThrow('twice');
  });

  it('of every object are members of none', async () => {
    const bearer = await sign({
      constructor: { publish: ['*'] },
      ['__proto__']: { mercure: { publish: ['*'] } },
      aud: HUB_URL,
      iss: ORIGIN,
    });
    expect(await hubs.secret.authenticate(request({ bearer }), 'publish')).toMatchObject({
      publish: [],
      generation: '0.x',
    });
  });
});

import { exportJWK, exportSPKI, generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MercureOptions, Protocol } from '../../src/index.js';
import { dataOf, open, publish, type RequestSettings, send } from '../support/http-client.js';
import { ADAPTERS, createHubApp, type HubApp } from '../support/hub-app.js';
import { named } from '../support/named.js';
import {
  bearer,
  DEMO_TOKENS,
  KEY,
  legacyToken,
  modernToken,
  secondsFromNow,
  type Signing,
} from '../support/tokens.js';

type Places = 'header' | 'query' | 'query as tutorials spell it' | 'cookie' | 'legacy cookie';

const PLACES: Record<Places, (token: string) => RequestSettings> = {
  header: (token) => ({ headers: bearer(token) }),
  query: (token) => ({ query: { authorization: token } }),
  'query as tutorials spell it': (token) => ({ query: { Authorization: `Bearer ${token}` } }),
  cookie: (token) => ({ headers: { cookie: `a=b; __Secure-mercure_access_token=${token}; c=d` } }),
  'legacy cookie': (token) => ({ headers: { cookie: `mercureAuthorization=${token}` } }),
};

/** Which places are read for a subscriber's token, by generation and by what the hub speaks. */
const READ: Record<'0.x' | '1.0', Record<Protocol, readonly Places[]>> = {
  '0.x': {
    both: ['header', 'query', 'query as tutorials spell it', 'cookie', 'legacy cookie'],
    '1.0': [],
    '0.x': ['header', 'query', 'query as tutorials spell it', 'cookie', 'legacy cookie'],
  },
  '1.0': { both: ['header', 'cookie', 'legacy cookie'], '1.0': ['header', 'cookie'], '0.x': [] },
};

const mintOf = { '0.x': legacyToken, '1.0': modernToken };
const withTopic = (settings: RequestSettings, protocol: Protocol): RequestSettings => ({
  ...settings,
  query: [
    [protocol === '0.x' ? 'topic' : 'match', 'a'],
    ...Object.entries((settings.query ?? {}) as Record<string, string>),
  ],
});

describe.each(ADAPTERS)('A token on %s', (adapter) => {
  describe.each(['both', '1.0', '0.x'] as const)('with protocol: %s', (protocol) => {
    let hub: HubApp;
    beforeAll(async () => {
      hub = await createHubApp({ adapter, options: { protocol, anonymous: false } });
    });
    afterAll(() => hub.close());

    describe.each(['0.x', '1.0'] as const)('of %s', (generation) => {
      const read = READ[generation][protocol];
      it.each(Object.keys(PLACES) as Places[])(
        `is ${read.length === 0 ? 'never taken' : 'judged'} from: %s`,
        async (place) => {
          const token = await mintOf[generation]({ subscribe: ['a'] });
          const stream = await open(hub.url, withTopic(PLACES[place](token), protocol));
          stream.abort();
          expect(stream.status).toBe(read.includes(place) ? 200 : 401);
        },
      );
    });

    it('that is missing is 401 with a bare challenge where 1.0 is spoken', async () => {
      for (const method of ['GET', 'POST']) {
        const answer = await send(hub.url, {
          method,
          query: { [protocol === '0.x' ? 'topic' : 'match']: 'a' },
        });
        expect(answer).toMatchObject({ status: 401, reason: 'Unauthorized' });
        const challenge = answer.headers['www-authenticate'];
        const metadata = 'https://hub.test/.well-known/oauth-protected-resource/.well-known/mercure';
        expect(challenge).toBe(protocol === '0.x' ? 'Bearer' : `Bearer resource_metadata="${metadata}"`);
      }
    });
  });
});

/** Ways of being wrong; by none of them does a token get in, nor does it fall back to anonymous. */
const WRONG: readonly { promise: string; generations: readonly ('0.x' | '1.0')[]; signing: Signing }[] = [
  {
    promise: 'signed with another key',
    generations: ['0.x', '1.0'],
    signing: { key: 'another key of sufficient length for it' },
  },
  { promise: 'signed with another algorithm', generations: ['0.x', '1.0'], signing: { alg: 'HS512' } },
  { promise: 'expired', generations: ['0.x', '1.0'], signing: { claims: { exp: secondsFromNow(-1) } } },
  {
    promise: 'not yet valid',
    generations: ['0.x', '1.0'],
    signing: { claims: { nbf: secondsFromNow(3600) } },
  },
  { promise: 'of another type', generations: ['1.0'], signing: { header: { typ: 'JWT' } } },
  { promise: 'without a type', generations: ['1.0'], signing: { header: { typ: undefined } } },
  { promise: 'without exp', generations: ['1.0'], signing: { claims: { exp: undefined } } },
  { promise: 'without iss', generations: ['1.0'], signing: { claims: { iss: undefined } } },
  {
    promise: 'of another issuer',
    generations: ['1.0'],
    signing: { claims: { iss: 'https://elsewhere.test' } },
  },
  { promise: 'without aud', generations: ['1.0'], signing: { claims: { aud: undefined } } },
  {
    promise: 'for another audience',
    generations: ['1.0'],
    signing: { claims: { aud: ['https://elsewhere.test/'] } },
  },
  {
    promise: 'with a critical extension',
    generations: ['0.x', '1.0'],
    signing: { header: { crit: ['x'], x: 1 } },
  },
  ...[
    ['a bare string as topic', ['a']],
    ['an empty match', [{ match: '' }]],
    ['no match', [{ match_type: 'exact' }]],
    ['an unknown match type', [{ match: 'a', match_type: 'regexp' }]],
    ['a broken pattern', [{ match: '/(', match_type: 'urlpattern' }]],
    ['a control character', [{ match: 'a\nb' }]],
    ['101 topics', Array.from({ length: 101 }, () => ({ match: 'a' }))],
  ].map(([what, topics]) => ({
    promise: `with one detail that is invalid: ${what as string}`,
    generations: ['1.0'] as const,
    signing: {
      claims: {
        authorization_details: [
          {
            type: 'https://mercure.rocks/authorization-detail',
            actions: ['subscribe'],
            topics: [{ match: 'a' }],
          },
          { type: 'https://mercure.rocks/authorization-detail', actions: ['subscribe'], topics },
        ],
      },
    },
  })),
];

const RIGHT: readonly { promise: string; generation: '0.x' | '1.0'; signing: Signing }[] = [
  { promise: 'at+jwt in any case', generation: '1.0', signing: { header: { typ: 'AT+JWT' } } },
  { promise: 'application/at+jwt', generation: '1.0', signing: { header: { typ: 'Application/At+Jwt' } } },
  {
    promise: 'several audiences',
    generation: '1.0',
    signing: { claims: { aud: ['x', 'https://hub.test/.well-known/mercure'] } },
  },
  {
    promise: 'a fractional exp',
    generation: '0.x',
    signing: { claims: { exp: secondsFromNow(3600) + 0.5 } },
  },
  { promise: 'no exp', generation: '0.x', signing: { claims: {} } },
  {
    promise: 'the claim under its full name, which overrides the short one',
    generation: '0.x',
    signing: { claims: { mercure: { subscribe: [] }, 'https://mercure.rocks/': { subscribe: ['a'] } } },
  },
  {
    promise: 'details of other types, whatever their shape, and unknown actions',
    generation: '1.0',
    signing: {
      claims: {
        authorization_details: [
          { type: 'payment', topics: 7 },
          {
            type: 'https://mercure.rocks/authorization-detail',
            actions: ['x', 'subscribe'],
            topics: [{ match: 'a' }],
          },
        ],
      },
    },
  },
];

describe.each(ADAPTERS)('What a token says, on %s', (adapter) => {
  let hub: HubApp;
  beforeAll(async () => {
    hub = await createHubApp({ adapter });
  });
  afterAll(() => hub.close());

  it.each(named(WRONG))('is 401, even where nobody needs one: %s', async (_, { generations, signing }) => {
    for (const generation of generations) {
      const token = await mintOf[generation]({ subscribe: ['a'] }, signing);
      const answer = await send(hub.url, { query: { match: 'a' }, headers: bearer(token) });
      expect(answer).toMatchObject({ status: 401, reason: 'Unauthorized' });
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer .*resource_metadata="/);
      if (generation === '1.0') expect(answer.headers['www-authenticate']).toContain('error="invalid_token"');
      expect(answer.text).not.toContain(token);
    }
  });

  it.each(named(RIGHT))('counts with %s', async (_, { generation, signing }) => {
    const token = await mintOf[generation]({ subscribe: ['a'] }, signing);
    const stream = await open(hub.url, { query: { match: 'a' }, headers: bearer(token) });
    expect(stream.status).toBe(200);
    await hub.service.publish({ topic: 'a', private: true, data: 'for you' });
    await stream.body.waitFor('for you');
    stream.abort();
  });

  it.each([
    ['alg none', `${btoa('{"alg":"none"}')}.${btoa('{"mercure":{"subscribe":["*"]}}')}.`],
    ['garbage', 'x'.repeat(60)],
    ['three dots', `${'x'.repeat(20)}.${'y'.repeat(20)}.${'z'.repeat(20)}`],
  ])('is 401 when it cannot be read: %s', async (_, token) => {
    const cookie = `__Secure-mercure_access_token=${token.replaceAll('=', '')}`;
    expect((await send(hub.url, { query: { match: 'a' }, headers: { cookie } })).status).toBe(401);
  });

  it.each(['Bearer', 'Bearer x', 'Basic dXNlcjpwYXNzd29yZHVzZXI6cGFzc3dvcmR1c2VyOnBhc3N3b3Jk', 'token'])(
    'is 400 invalid_request when the header is malformed: %s',
    async (authorization) => {
      const answer = await send(hub.url, { query: { match: 'a' }, headers: { authorization } });
      expect(answer.status).toBe(400);
      expect(answer.headers['www-authenticate']).toContain('error="invalid_request"');
    },
  );

  it('may come with the scheme in any case, and goes before the cookie', async () => {
    const token = await modernToken({ subscribe: ['a'] });
    const headers = { authorization: `bEARER ${token}`, cookie: 'mercureAuthorization=broken' };
    const stream = await open(hub.url, { query: { match: 'a' }, headers });
    expect(stream.status).toBe(200);
    stream.abort();
  });

  it.each(DEMO_TOKENS)('is what the published demo token says, with the key $key', async ({ key, token }) => {
    const options: MercureOptions = { publisher: { key }, subscriber: { key }, anonymous: false };
    const demo = await createHubApp({ adapter, options });
    const topic = 'https://example.com/demo/books/1.jsonld';
    const stream = await open(demo.url, { query: { topic }, headers: bearer(token) });
    expect((await publish(demo.url, token, { topic, private: 'on', data: 'demo' })).status).toBe(200);
    expect(dataOf(await stream.body.waitFor('demo'))).toEqual(['demo']);
    await demo.close();
  });

  it.each([
    ['RS256', 'PEM'],
    ['ES256', 'PEM'],
    ['ES256', 'JWK'],
    ['PS256', 'JWK'],
    ['EdDSA', 'JWK'],
  ] as const)('is proved with a public key: %s, %s', async (alg, format) => {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const key = format === 'PEM' ? await exportSPKI(publicKey) : { ...(await exportJWK(publicKey)), alg };
    const options: MercureOptions = { publisher: { key }, subscriber: { key }, anonymous: false };
    const own = await createHubApp({ adapter, options });
    for (const mint of [legacyToken, modernToken]) {
      const token = await mint({ publish: ['a'], subscribe: ['a'] }, { key: privateKey, alg });
      expect((await publish(own.url, token, { topic: 'a' })).status).toBe(200);
    }
    // The public key is no secret: whoever signs with it as one gets nowhere.
    const secret = typeof key === 'string' ? key : JSON.stringify(key);
    expect(
      (await publish(own.url, await legacyToken({ publish: ['a'] }, { key: secret }), { topic: 'a' })).status,
    ).toBe(401);
    expect(
      (await publish(own.url, await legacyToken({ publish: ['a'] }, { key: KEY }), { topic: 'a' })).status,
    ).toBe(401);
    await own.close();
  });

  it('refuses to start where an HMAC algorithm is allowed with a public key', async () => {
    const key = await exportSPKI((await generateKeyPair('RS256', { extractable: true })).publicKey);
    const options: MercureOptions = { subscriber: { key, algorithms: ['HS256'] } };
    await expect(createHubApp({ adapter, options })).rejects.toThrow(/HS256|HMAC/);
  });
});

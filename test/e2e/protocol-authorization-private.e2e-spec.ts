import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataOf, open, publish, type RequestSettings, send } from '../support/http-client.js';
import { ADAPTERS, createHubApp, type HubApp } from '../support/hub-app.js';
import { named } from '../support/named.js';
import { bearer, legacyToken, modernToken } from '../support/tokens.js';

const BOOK = 'https://example.com/books/1';
const LIST = 'https://example.com/users/7/books';

/** Who hears a private update of BOOK, of which LIST is an alternate topic. */
const LISTENERS: readonly {
  promise: string;
  follows: RequestSettings['query'];
  grant?: string;
  template?: string;
  pattern?: string;
  hears: boolean;
}[] = [
  { promise: 'nobody without a token', follows: { match: BOOK }, hears: false },
  { promise: 'nobody without a token, not even of everything', follows: { match: '*' }, hears: false },
  {
    promise: 'whoever follows and is granted the canonical topic',
    follows: { match: BOOK },
    grant: BOOK,
    hears: true,
  },
  {
    promise: 'whoever follows and is granted the alternate topic',
    follows: { match: LIST },
    grant: LIST,
    hears: true,
  },
  {
    promise: 'whoever follows the canonical and is granted the alternate topic',
    follows: { match: BOOK },
    grant: LIST,
    hears: true,
  },
  {
    promise: 'whoever follows the alternate and is granted the canonical topic',
    follows: { match: LIST },
    grant: BOOK,
    hears: true,
  },
  {
    promise: 'whoever follows everything and is granted one of its topics',
    follows: { match: '*' },
    grant: LIST,
    hears: true,
  },
  {
    promise: 'whoever is granted everything and follows one of its topics',
    follows: { match: LIST },
    grant: '*',
    hears: true,
  },
  {
    promise: 'whoever follows it by a pattern',
    follows: { match_urlpattern: 'https://example.com/books/:id' },
    grant: BOOK,
    hears: true,
  },
  {
    promise: 'whoever follows it by a template',
    follows: { topic: 'https://example.com/books/{id}' },
    grant: BOOK,
    hears: true,
  },
  {
    promise: 'nobody who is granted another topic',
    follows: { match: BOOK },
    grant: 'https://example.com/books/2',
    hears: false,
  },
  {
    promise: 'nobody who is granted it but follows another',
    follows: { match: 'https://example.com/books/2' },
    grant: '*',
    hears: false,
  },
  {
    promise: 'nobody whose grant differs in a byte',
    follows: { match: BOOK },
    grant: `${BOOK}/`,
    hears: false,
  },
];

describe.each(ADAPTERS)('A private update on %s', (adapter) => {
  let hub: HubApp;
  beforeAll(async () => {
    hub = await createHubApp({ adapter });
  });
  afterAll(() => hub.close());

  describe.each([
    ['0.x', legacyToken],
    ['1.0', modernToken],
  ])('to bearers of %s tokens', (_, mint) => {
    it.each(named(LISTENERS))('reaches, or not: %s', async (_promise, { follows, grant, hears }) => {
      const headers = grant === undefined ? {} : bearer(await mint({ subscribe: [grant] }));
      const stream = await open(hub.url, { query: follows, headers });
      expect(stream.status).toBe(200);
      await hub.service.publish({ topic: [BOOK, LIST], private: true, data: 'secret' });
      // Public, and of every topic anybody above follows: what was to come before it has come.
      await hub.service.publish({ topic: [BOOK, LIST, 'https://example.com/books/2'], data: 'public' });
      const text = await stream.body.waitFor('data: public');
      expect(dataOf(text)).toEqual(hears ? ['secret', 'public'] : ['public']);
      stream.abort();
    });
  });

  it.each([
    ['a template of 0.x', () => legacyToken({ subscribe: ['https://example.com/books/{id}'] })],
    [
      'a pattern of 1.0',
      () =>
        modernToken({ subscribe: [{ match: 'https://example.com/books/:id', match_type: 'urlpattern' }] }),
    ],
  ])('reaches whoever is granted it by %s', async (_, mint) => {
    const stream = await open(hub.url, { query: { match: '*' }, headers: bearer(await mint()) });
    await hub.service.publish({ topic: LIST, private: true, data: 'other' });
    await hub.service.publish({ topic: BOOK, private: true, data: 'mine' });
    expect(dataOf(await stream.body.waitFor('mine'))).toEqual(['mine']);
    stream.abort();
  });

  it('does not reach whoever may only publish it', async () => {
    const stream = await open(hub.url, {
      query: { match: BOOK },
      headers: bearer(await modernToken({ publish: ['*'] })),
    });
    await hub.service.publish({ topic: BOOK, private: true, data: 'secret' });
    await hub.service.publish({ topic: BOOK, data: 'public' });
    expect(dataOf(await stream.body.waitFor('public'))).toEqual(['public']);
    stream.abort();
  });
});

/** What a publisher's grants allow; 0.x answers what they do not with 401, 1.0 with 403. */
const PUBLISHERS: readonly {
  promise: string;
  grants: readonly string[];
  topics: readonly string[];
  allowed: boolean;
}[] = [
  { promise: 'a granted topic', grants: [BOOK], topics: [BOOK], allowed: true },
  { promise: 'everything with `*`', grants: ['*'], topics: [BOOK, 'x'], allowed: true },
  { promise: 'every one of several topics', grants: [BOOK, LIST], topics: [LIST, BOOK], allowed: true },
  { promise: 'another topic', grants: [BOOK], topics: [LIST], allowed: false },
  { promise: 'an alternate topic that is not granted', grants: [BOOK], topics: [BOOK, LIST], allowed: false },
  { promise: 'a canonical topic that is not granted', grants: [BOOK], topics: [LIST, BOOK], allowed: false },
];

describe.each(ADAPTERS)('The grants of a publisher on %s', (adapter) => {
  let hub: HubApp;
  beforeAll(async () => {
    hub = await createHubApp({ adapter });
  });
  afterAll(() => hub.close());

  describe.each([
    ['0.x', legacyToken, 401],
    ['1.0', modernToken, 403],
  ] as const)('with %s tokens', (_, mint, refusal) => {
    describe.each([['public'], ['private']])('for a %s update', (kind) => {
      it.each(named(PUBLISHERS))('decide about: %s', async (_promise, { grants, topics, allowed }) => {
        const token = await mint({ publish: grants });
        const answer = await publish(hub.url, token, {
          topic: topics,
          ...(kind === 'private' ? { private: 'on' } : {}),
        });
        expect(answer.status).toBe(allowed ? 200 : refusal);
        if (allowed) return;
        expect(answer.reason).toBe(refusal === 401 ? 'Unauthorized' : 'Forbidden');
        if (refusal === 403)
          expect(answer.headers['www-authenticate']).toMatch(
            /^Bearer error="insufficient_scope", resource_metadata="/,
          );
      });
    });

    it('are needed: a token for subscribing publishes nothing', async () => {
      expect((await publish(hub.url, await mint({ subscribe: ['*'] }), { topic: 'a' })).status).toBe(refusal);
    });
  });

  it('may be an empty list for public updates with `publicUpdates: any`, and only for them', async () => {
    const old = await createHubApp({ adapter, options: { publicUpdates: 'any' } });
    const token = await legacyToken({ publish: [] });
    expect((await publish(hub.url, token, { topic: 'a' })).status).toBe(401);
    expect((await publish(old.url, token, { topic: 'a' })).status).toBe(200);
    expect((await publish(old.url, token, { topic: 'a', private: 'on' })).status).toBe(401);
    expect((await publish(old.url, await legacyToken({ subscribe: ['*'] }), { topic: 'a' })).status).toBe(
      401,
    );
    await old.close();
  });

  it.each([
    ['no Origin, no Referer', {}, 400],
    ['an unlisted Origin', { origin: 'https://evil.test' }, 400],
    ['an unlisted Referer', { referer: 'https://evil.test/page' }, 400],
    [
      'an unlisted Origin before a listed Referer',
      { origin: 'https://evil.test', referer: 'https://app.test/' },
      400,
    ],
    ['the Origin null', { origin: 'null' }, 400],
    ['a listed Origin', { origin: 'https://app.test' }, 200],
    ['a listed Referer', { referer: 'https://app.test/page?x' }, 200],
    ['an Origin listed by a wildcard', { origin: 'https://a.apps.test' }, 200],
    ['an Origin that only ends like it', { origin: 'https://evilapps.test' }, 400],
  ] as const)('in a cookie need a listed page: %s', async (_, page, status) => {
    const publishOrigins = ['https://app.test', 'https://*.apps.test'];
    const own = await createHubApp({ adapter, options: { publishOrigins } });
    const cookies = [
      [`__Secure-mercure_access_token=${await modernToken({ publish: ['*'] })}`, status],
      [`mercureAuthorization=${await legacyToken({ publish: ['*'] })}`, status === 400 ? 401 : status],
    ] as const;
    for (const [cookie, expected] of cookies) {
      const answer = await publish(own.url, undefined, { topic: 'a' }, { cookie, ...page });
      expect(answer.status).toBe(expected);
    }
    await own.close();
  });

  it('in a cookie are read from any page for subscribing', async () => {
    const cookie = `__Secure-mercure_access_token=${await modernToken({ subscribe: ['a'] })}`;
    const stream = await open(hub.url, {
      query: { match: 'a' },
      headers: { cookie, origin: 'https://evil.test' },
    });
    expect(stream.status).toBe(200);
    stream.abort();
  });

  it('are not needed, and not looked at, where subscribers are anonymous and have no key', async () => {
    const open2 = await createHubApp({ adapter, options: { subscriber: undefined } });
    const answer = await send(open2.url, {
      method: 'HEAD',
      query: { match: 'a' },
      headers: bearer(await legacyToken({}, { key: 'x'.repeat(40) })),
    });
    expect(answer.status).toBe(200);
    await open2.close();
  });
});

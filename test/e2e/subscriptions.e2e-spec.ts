import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, send, open, type StreamedResponse } from '../support/http-client.js';
import { ADAPTERS, createHubApp, type HubApp } from '../support/hub-app.js';
import { legacyToken, modernToken } from '../support/tokens.js';

const ROOT = '/.well-known/mercure/subscriptions';
const TOPIC = 'https://example.com/books/1 2';
const MODERN_PATH = `${ROOT}/exact/https%3A%2F%2Fexample.com%2Fbooks%2F1%202`;
const LEGACY_PATH = `${ROOT}/https%3A%2F%2Fexample.com%2Fbooks%2F1+2`;
const SUBSCRIBER = /urn%3Auuid%3A[0-9a-f-]{36}/;

describe.each(ADAPTERS)('active subscriptions, %s', (adapter) => {
  let hub: HubApp;
  let everything: string;
  let legacyEverything: string;

  beforeEach(async () => {
    hub = await createHubApp({ adapter, options: { subscriptions: true } });
    everything = await modernToken({ subscribe: ['*'] });
    legacyEverything = await legacyToken({ subscribe: ['*'] });
  });
  afterEach(() => hub.close());

  const follow = async (parameter: string, value: string, token?: string): Promise<StreamedResponse> => {
    const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
    const stream = await open(hub.url, { query: { [parameter]: value }, headers });
    expect(stream.status).toBe(200);
    await stream.body.waitFor(':\n');
    return stream;
  };
  const list = (
    path: string,
    token: string | undefined,
    headers: Record<string, string> = {},
  ): Promise<Answer> =>
    send(hub.origin + path, {
      headers: { ...headers, ...(token ? { authorization: `Bearer ${token}` } : undefined) },
    });

  it('are told as they begin and end: 1.0 as an event of the hub, by its path', async () => {
    const watcher = await follow('match_urlpattern', `${ROOT}/*`, everything);
    const watched = await follow('match', TOPIC);
    const begun = await watcher.body.waitFor('"active":true');
    expect(begun).toContain('event: mercure\n');
    watched.abort();
    const events = (await watcher.body.waitFor('"active":false'))
      .split('\n\n')
      .filter((event) => event.includes(TOPIC));
    expect(events).toHaveLength(2);
    const document = JSON.parse(/data: (.*)/.exec(events[0]!)![1]!) as Record<string, unknown>;
    expect(document).toEqual({
      id: expect.stringMatching(new RegExp(`^${MODERN_PATH.replaceAll('.', '\\.')}/${SUBSCRIBER.source}$`)),
      type: 'subscription',
      subscriber: expect.stringMatching(/^urn:uuid:/),
      match: TOPIC,
      match_type: 'exact',
      active: true,
    });
    watcher.abort();
  });

  it('are told in the 0.x form where `topic` asked for them: indented JSON-LD, no event type', async () => {
    const watcher = await follow('topic', '*', legacyEverything);
    const watched = await follow('topic', TOPIC);
    const text = await watcher.body.waitFor(`"topic": "${TOPIC}"`);
    const event = text.split('\n\n').find((one) => one.includes(TOPIC))!;
    expect(event).not.toContain('event:');
    const document = JSON.parse(event.replaceAll(/^(id: .*|data: )/gm, '')) as Record<string, unknown>;
    expect(document).toEqual({
      '@context': 'https://mercure.rocks/',
      id: expect.stringMatching(
        /^\/\.well-known\/mercure\/subscriptions\/https%3A%2F%2Fexample\.com%2Fbooks%2F1\+2\//,
      ),
      type: 'Subscription',
      subscriber: expect.stringMatching(/^urn:uuid:/),
      topic: TOPIC,
      active: true,
    });
    watched.abort();
    watcher.abort();
  });

  it('are told to the subscriber they describe', async () => {
    const own = await follow('match_urlpattern', `${ROOT}/*`, everything);
    await own.body.waitFor('"active":true');
    own.abort();
  });

  it('are told to nobody without a grant', async () => {
    const anonymous = await follow('match', '*');
    const watcher = await follow('match_urlpattern', `${ROOT}/*`, everything);
    const other = await follow('match', TOPIC);
    await watcher.body.waitFor(TOPIC);
    await hub.service.publish({ topic: 'https://example.com/fence', data: 'fence' });
    expect(await anonymous.body.waitFor('fence')).not.toContain('active');
    for (const stream of [anonymous, watcher, other]) stream.abort();
  });

  it('are listed by the API, whole, by matcher and one by one, as the path names them', async () => {
    const stream = await follow('match', TOPIC);
    await follow('match', 'https://example.com/other');
    const all = await list(ROOT, everything);
    expect(all.status).toBe(200);
    expect(all.headers['content-type']).toMatch('application/json');
    expect(all.headers['link']).toMatch(
      /rel="mercure"; last-event-id="urn:uuid:[^"]+"; type="mercure"; content-type="application\/json"/,
    );
    const document = JSON.parse(all.text) as { id: string; type: string; subscriptions: { id: string }[] };
    expect(document).toMatchObject({ id: ROOT, type: 'subscriptions' });
    expect(document.subscriptions).toHaveLength(2);

    const some = JSON.parse((await list(MODERN_PATH, everything)).text) as typeof document;
    expect(some.id).toBe(MODERN_PATH);
    expect(some.subscriptions).toHaveLength(1);
    const one = await list(some.subscriptions[0]!.id, everything);
    expect(JSON.parse(one.text)).toEqual(some.subscriptions[0]);
    stream.abort();
    expect((await list(`${MODERN_PATH}/urn%3Auuid%3Anobody`, everything)).status).toBe(404);
    expect((await list(`${ROOT}/exact/nobody`, everything)).status).toBe(200);
  });

  it('are listed in JSON-LD for 0.x, with the cursor in the document', async () => {
    await follow('topic', TOPIC);
    const collection = await list(LEGACY_PATH, legacyEverything);
    expect(collection.headers['content-type']).toMatch('application/ld+json');
    const document = JSON.parse(collection.text) as { subscriptions: { id: string }[] };
    expect(document).toMatchObject({
      '@context': 'https://mercure.rocks/',
      id: LEGACY_PATH,
      type: 'Subscriptions',
      lastEventID: expect.stringMatching(/^urn:uuid:/),
    });
    expect(document.subscriptions[0]).not.toHaveProperty('@context');
    const item = JSON.parse((await list(document.subscriptions[0]!.id, legacyEverything)).text) as object;
    expect(item).toMatchObject({ '@context': 'https://mercure.rocks/', type: 'Subscription', topic: TOPIC });
  });

  it.each([
    ['1.0', () => everything, /^"urn:uuid:.*"$/],
    ['0.x', () => legacyEverything, /^urn:uuid:.*[^"]$/],
  ])('are not sent again while nothing changed, %s', async (_, token, form) => {
    await follow('match', TOPIC);
    const first = await list(ROOT, token());
    const etag = String(first.headers['etag']);
    expect(etag).toMatch(form);
    const again = await list(ROOT, token(), { 'if-none-match': etag });
    expect([again.status, again.text, again.headers['etag']]).toEqual([304, '', etag]);
    await follow('match', 'https://example.com/other');
    expect((await list(ROOT, token(), { 'if-none-match': etag })).status).toBe(200);
  });

  it.each<[string, string, () => Promise<string | undefined>, number]>([
    ['no token, though anonymous subscribers are served', ROOT, () => Promise.resolve(undefined), 401],
    ['a 1.0 token without the grant', ROOT, () => modernToken({ subscribe: ['https://example.com/x'] }), 403],
    ['a 0.x token without the grant', ROOT, () => legacyToken({ subscribe: ['https://example.com/x'] }), 401],
    [
      'a grant for the path, whatever the query',
      `${ROOT}?x=1`,
      () => modernToken({ subscribe: [ROOT] }),
      200,
    ],
    [
      'a 0.x grant for the path alone, with a query',
      `${ROOT}?x=1`,
      () => legacyToken({ subscribe: [ROOT] }),
      401,
    ],
    ['an unknown matcher type', `${ROOT}/regexp/x/y`, () => modernToken({ subscribe: ['*'] }), 400],
    ['a broken escape', `${ROOT}/exact/%zz`, () => modernToken({ subscribe: ['*'] }), 400],
    ['an empty segment', `${ROOT}/exact//x`, () => modernToken({ subscribe: ['*'] }), 404],
  ])('answer %s: %s', async (_, path, token, status) => {
    expect((await list(path, await token())).status).toBe(status);
  });

  it('answer HEAD with 405 and what is allowed', async () => {
    const head = await send(hub.origin + ROOT, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${everything}` },
    });
    expect([head.status, head.headers['allow']]).toEqual([405, 'GET']);
  });

  it('carry the payload of the first detail that covers them', async () => {
    const token = await modernToken(
      { subscribe: ['*'] },
      {
        claims: {
          authorization_details: [
            {
              type: 'https://mercure.rocks/authorization-detail',
              actions: ['subscribe'],
              topics: [{ match: 'https://example.com/elsewhere' }],
              payload: { n: 1 },
            },
            {
              type: 'https://mercure.rocks/authorization-detail',
              actions: ['subscribe'],
              topics: [{ match: '*' }],
              payload: { n: 2 },
            },
          ],
        },
      },
    );
    await follow('match', TOPIC, token);
    const { subscriptions } = JSON.parse((await list(MODERN_PATH, everything)).text) as {
      subscriptions: object[];
    };
    expect(subscriptions[0]).toMatchObject({ payload: { n: 2 } });
  });

  it('leave nothing behind when their stream ends', async () => {
    const watcher = await follow('match_urlpattern', `${ROOT}/exact/*`, everything);
    const streams = await Promise.all(
      Array.from({ length: 20 }, (_, i) => follow('match', `https://example.com/${i}`)),
    );
    await watcher.body.waitFor('example.com/19');
    for (const stream of streams) stream.abort();
    for (let i = 0; i < 20; i++)
      await watcher.body.waitFor(`"match":"https://example.com/${i}","match_type":"exact","active":false`);
    const { subscriptions } = JSON.parse((await list(ROOT, everything)).text) as { subscriptions: unknown[] };
    expect(subscriptions).toHaveLength(1);
    watcher.abort();
  });
});

describe('active subscriptions that are off', () => {
  it('have no API', async () => {
    const hub = await createHubApp();
    expect((await send(hub.origin + ROOT)).status).toBe(404);
    await hub.close();
  });
});

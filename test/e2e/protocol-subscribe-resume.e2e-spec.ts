import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memory, type Protocol } from '../../src/index.js';
import { dataOf, eventsOf, open, send } from '../support/http-client.js';
import { ADAPTERS, createHubApp, type HubApp } from '../support/hub-app.js';
import { named } from '../support/named.js';
import { bearer, legacyToken, modernToken } from '../support/tokens.js';

const NAMES = ['last_event_id', 'lastEventID', 'Last-Event-ID', 'lastEventId'];
const latin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

interface Ask {
  readonly headers?: Record<string, string>;
  readonly query?: Record<string, string>;
}

/** What a response says of where its stream begins, in one header or another. */
const cursorsOf = (headers: IncomingHttpHeaders) => {
  const said = [headers['mercure-last-event-id'], headers['last-event-id']];
  return [...new Set(said.filter((value) => value !== undefined))];
};

/** Where a cursor may be said; the first of them that is given counts. */
const PLACES: readonly { promise: string; protocols: readonly Protocol[]; ask: Ask }[] = [
  { promise: 'the header', protocols: ['both', '1.0', '0.x'], ask: { headers: { 'Last-Event-ID': '2' } } },
  { promise: 'last_event_id', protocols: ['both', '1.0'], ask: { query: { last_event_id: '2' } } },
  { promise: 'lastEventID', protocols: ['both', '0.x'], ask: { query: { lastEventID: '2' } } },
  {
    promise: 'Last-Event-ID in the query',
    protocols: ['both', '0.x'],
    ask: { query: { 'Last-Event-ID': '2' } },
  },
  { promise: 'lastEventId', protocols: ['both', '0.x'], ask: { query: { lastEventId: '2' } } },
  {
    promise: 'the header before every parameter',
    protocols: ['both', '1.0', '0.x'],
    ask: { headers: { 'Last-Event-ID': '2' }, query: Object.fromEntries(NAMES.map((name) => [name, '1'])) },
  },
  {
    promise: 'a parameter where the header is empty',
    protocols: ['both', '1.0'],
    ask: { headers: { 'Last-Event-ID': '' }, query: { last_event_id: '2' } },
  },
  ...NAMES.slice(0, -1).map((name, index) => ({
    promise: `${name} before ${NAMES.slice(index + 1).join(', ')}`,
    protocols: ['both'] as const,
    ask: {
      query: Object.fromEntries(NAMES.slice(index).map((other) => [other, other === name ? '2' : '1'])),
    },
  })),
];

describe.each(ADAPTERS)('Resuming on %s', (adapter) => {
  describe.each(['both', '1.0', '0.x'] as const)('with protocol: %s', (protocol) => {
    let hub: HubApp;
    const topic = protocol === '1.0' ? 'match' : 'topic';
    const ask = ({ query, ...rest }: Ask): Ask => ({
      ...rest,
      query: { [topic]: 'a', ...query },
    });

    beforeAll(async () => {
      hub = await createHubApp({ adapter, options: { protocol } });
      for (const id of ['1', '2', '3', '4'])
        await hub.service.publish({ topic: 'a', id, data: `data ${id}` });
    });
    afterAll(() => hub.close());

    it.each(named(PLACES.filter(({ protocols }) => protocols.includes(protocol))))(
      'reads the cursor from %s',
      async (_, place) => {
        const stream = await open(hub.url, ask(place.ask));
        expect(await stream.body.waitFor('data 4\n\n')).toBe(
          ':\nid: 3\ndata: data 3\n\nid: 4\ndata: data 4\n\n',
        );
        expect(cursorsOf(stream.headers)).toEqual(['2']);
        stream.abort();
      },
    );

    it('answers with `Mercure-Last-Event-ID`, and where 0.x is spoken with `Last-Event-ID` too', async () => {
      const { headers } = await send(hub.url, {
        ...ask({ headers: { 'Last-Event-ID': '2' } }),
        method: 'HEAD',
      });
      expect(headers['mercure-last-event-id']).toBe('2');
      expect(headers['last-event-id']).toBe(protocol === '1.0' ? undefined : '2');
    });

    it('replays everything kept after `earliest`', async () => {
      const stream = await open(hub.url, ask({ headers: { 'Last-Event-ID': 'earliest' } }));
      expect(dataOf(await stream.body.waitFor('data 4\n\n'))).toEqual([
        'data 1',
        'data 2',
        'data 3',
        'data 4',
      ]);
      expect(cursorsOf(stream.headers)).toEqual(['earliest']);
      stream.abort();
    });

    it('replays nothing after the newest id, which is no gap', async () => {
      const stream = await open(hub.url, ask({ headers: { 'Last-Event-ID': '4' } }));
      expect(cursorsOf(stream.headers)).toEqual(['4']);
      await hub.service.publish({ topic: 'a', id: '4b', data: 'live' });
      expect(eventsOf(await stream.body.waitFor('live\n\n')).map(({ id }) => id)).toEqual(['4b']);
      stream.abort();
    });

    it.each([
      ['an empty header', { headers: { 'Last-Event-ID': '' } }],
      ['an empty parameter', { query: { [protocol === '0.x' ? 'lastEventID' : 'last_event_id']: '' } }],
    ])('answers %s with the header, and replays nothing', async (_, settings: Ask) => {
      const answer = await send(hub.url, { ...ask(settings), method: 'HEAD' });
      expect(cursorsOf(answer.headers)).toHaveLength(1);
      const stream = await open(hub.url, ask(settings));
      await hub.service.publish({ topic: 'a', data: 'only live' });
      expect(dataOf(await stream.body.waitFor('only live\n\n'))).toEqual(['only live']);
      stream.abort();
    });
  });
});

describe.each(ADAPTERS)('A cursor that is not kept, on %s', (adapter) => {
  const gap = (requested: string, reason: string, id: string) => ({
    event: 'mercure',
    ...(id === 'earliest' ? { id: undefined } : { id }),
    data: JSON.stringify({ type: 'gap', requested, reason, last_event_id: id }),
  });

  it('is told in the headers and, first of all, on the stream; live updates go on', async () => {
    const hub = await createHubApp({ adapter });
    await hub.service.publish({ topic: 'a', id: 'kept', data: 'old' });
    const stream = await open(hub.url, {
      query: { topic: 'a' },
      headers: { 'Last-Event-ID': 'nobody knows' },
    });
    expect(stream.headers['mercure-last-event-id']).toBe('earliest');
    expect(stream.headers['last-event-id']).toBe('earliest');
    await stream.body.waitFor('gap');
    await hub.service.publish({ topic: 'a', id: 'next', data: 'live' });
    const [told, live, ...more] = eventsOf(await stream.body.waitFor('live\n\n'));
    expect(told).toMatchObject(gap('nobody knows', 'unknown', 'kept'));
    expect(live).toMatchObject({ id: 'next', data: 'live' });
    expect(more).toEqual([]);
    await hub.close();
  });

  it('has no `id:` line where nothing was dispatched yet', async () => {
    const hub = await createHubApp({ adapter });
    const stream = await open(hub.url, { query: { topic: 'a', last_event_id: 'x' } });
    const text = await stream.body.waitFor('\n\n');
    expect(text).toBe(
      ':\nevent: mercure\ndata: {"type":"gap","requested":"x","reason":"unknown","last_event_id":"earliest"}\n\n',
    );
    await hub.close();
  });

  it('is `expired` where the hub made the id and forgot the update since', async () => {
    const hub = await createHubApp({ adapter, options: { transport: memory({ maxUpdates: 2 }) } });
    // Ids of one millisecond cannot be told apart by age.
    const first = await hub.service.publish({ topic: 'a', data: '0' });
    await new Promise<void>((resolve) => {
      const since = Date.now();
      const look = () => void (Date.now() > since ? resolve() : setImmediate(look));
      look();
    });
    for (const data of ['1', '2']) await hub.service.publish({ topic: 'a', data });
    const newest = await hub.service.publish({ topic: 'a', data: '3' });
    const stream = await open(hub.url, { query: { topic: 'a' }, headers: { 'Last-Event-ID': first } });
    expect(stream.headers['mercure-last-event-id']).toBe('earliest');
    const [told] = eventsOf(await stream.body.waitFor('\n\n'));
    expect(told).toMatchObject(gap(first, 'expired', newest));
    await hub.close();
  });

  it('discloses no id of a private update, nor that of the history it may not read', async () => {
    const hub = await createHubApp({ adapter });
    await hub.service.publish({ topic: 'b', id: 'public', data: '1' });
    await hub.service.publish({ topic: 'a', id: 'secret', private: true, data: '2' });
    const stream = await open(hub.url, { query: { topic: 'a', last_event_id: 'x' } });
    const text = await stream.body.waitFor('\n\n');
    expect(eventsOf(text)[0]).toMatchObject(gap('x', 'unknown', 'public'));
    expect(JSON.stringify(stream.headers) + text).not.toContain('secret');
    await hub.close();
  });

  it('is told in the headers alone with `gapEvents: false`', async () => {
    const hub = await createHubApp({ adapter, options: { gapEvents: false } });
    const stream = await open(hub.url, { query: { topic: 'a', last_event_id: 'x' } });
    expect(stream.headers['mercure-last-event-id']).toBe('earliest');
    await hub.service.publish({ topic: 'a', data: 'live' });
    expect(dataOf(await stream.body.waitFor('live\n\n'))).toEqual(['live']);
    await hub.close();
  });
});

describe.each(ADAPTERS)('A replay on %s', (adapter) => {
  let hub: HubApp;
  beforeAll(async () => {
    hub = await createHubApp({ adapter });
  });
  afterAll(() => hub.close());

  it('has no gap and no duplicate and keeps the order while publishing goes on', async () => {
    const run = randomBytes(4).toString('hex');
    const total = 3000;
    const update = (index: number) => ({ topic: run, id: `${run}-${index}`, data: `#${index}` });
    await hub.service.publishMany(Array.from({ length: 1500 }, (_, index) => update(index)));
    let published = 1500;
    const publishing = (async () => {
      while (published < total) {
        const batch = Array.from({ length: 10 }, (_, index) => update(published + index));
        published += 10;
        await hub.service.publishMany(batch);
      }
    })();
    const streams = await Promise.all(
      [0, 700, 1498, 1499].map(async (after) => ({
        after,
        stream: await open(hub.url, {
          query: { topic: run },
          headers: { 'Last-Event-ID': `${run}-${after}` },
        }),
      })),
    );
    await publishing;
    for (const { after, stream } of streams) {
      const ids = eventsOf(await stream.body.waitFor(`#${total - 1}\n`)).map(({ id }) => id);
      expect(ids).toEqual(
        Array.from({ length: total - 1 - after }, (_, index) => `${run}-${after + 1 + index}`),
      );
      stream.abort();
    }
  });

  it('resolves a reused id to its first occurrence: the later one is replayed', async () => {
    for (const [id, data] of [
      ['r1', 'first'],
      ['dup', 'once'],
      ['r2', 'between'],
      ['dup', 'again'],
    ] as const) {
      await hub.service.publish({ topic: 'reuse', id, data });
    }
    const stream = await open(hub.url, { query: { topic: 'reuse', last_event_id: 'dup' } });
    expect(dataOf(await stream.body.waitFor('again'))).toEqual(['between', 'again']);
    stream.abort();
  });

  it('finds a cursor of another topic', async () => {
    await hub.service.publish({ topic: 'other', id: 'of-another', data: 'x' });
    await hub.service.publish({ topic: 'mine', data: 'mine' });
    const stream = await open(hub.url, { query: { topic: 'mine', last_event_id: 'of-another' } });
    expect(dataOf(await stream.body.waitFor('mine\n\n'))).toEqual(['mine']);
    stream.abort();
  });

  it.each([
    ['0.x', legacyToken],
    ['1.0', modernToken],
  ])('passes the authorization of now: %s', async (generation, mint) => {
    const topic = `private/${generation}`;
    await hub.service.publish({ topic, id: `${topic}-1`, data: 'start' });
    await hub.service.publish({ topic, private: true, data: 'secret' });
    await hub.service.publish({ topic, data: 'public' });
    const ask = { query: { match: topic }, headers: { 'Last-Event-ID': `${topic}-1` } };
    const stranger = await open(hub.url, ask);
    const friend = await open(hub.url, {
      ...ask,
      headers: { ...ask.headers, ...bearer(await mint({ subscribe: [topic] })) },
    });
    expect(dataOf(await friend.body.waitFor('data: public'))).toEqual(['secret', 'public']);
    expect(dataOf(await stranger.body.waitFor('data: public'))).toEqual(['public']);
    stranger.abort();
    friend.abort();
  });
});

describe.each(ADAPTERS)('An id that is not ASCII, on %s', (adapter) => {
  let hub: HubApp;
  const id = 'ü/漢字-😀';
  beforeAll(async () => {
    hub = await createHubApp({ adapter });
    await hub.service.publish({ topic: 'a', id, data: 'first' });
    await hub.service.publish({ topic: 'a', data: 'second' });
  });
  afterAll(() => hub.close());

  it.each([
    ['header', { query: { topic: 'a' }, headers: { 'Last-Event-ID': latin1(id) } }],
    ['query', { query: { topic: 'a', last_event_id: id } }],
  ])('is found when it comes in the %s, and answered as UTF-8 bytes', async (_, settings: Ask) => {
    const stream = await open(hub.url, settings);
    expect(stream.headers['mercure-last-event-id']).toBe(latin1(id));
    expect(dataOf(await stream.body.waitFor('second'))).toEqual(['second']);
    stream.abort();
  });

  it('may have 512 bytes and no more: 400', async () => {
    expect((await open(hub.url, { query: { topic: 'a', last_event_id: 'x'.repeat(512) } })).status).toBe(200);
    expect((await send(hub.url, { query: { topic: 'a', last_event_id: 'x'.repeat(513) } })).status).toBe(400);
    expect((await send(hub.url, { query: { topic: 'a', last_event_id: 'ü'.repeat(257) } })).status).toBe(400);
  });

  it.each(['%00', '%0A', '%0D', '%FF', '%E2%80%8B', '%C2%85', 'x%0D%0AX-Injected:%201'])(
    'is 400 where it holds what no id may: %s',
    async (encoded) => {
      const answer = await send(`${hub.url}?topic=a&last_event_id=${encoded}`);
      expect(answer.status).toBe(400);
      expect(answer.headers).not.toHaveProperty('x-injected');
    },
  );

  it('is 400 where the header is no UTF-8', async () => {
    const answer = await send(hub.url, { query: { topic: 'a' }, headers: { 'Last-Event-ID': '\xff\xfe' } });
    expect(answer.status).toBe(400);
  });
});

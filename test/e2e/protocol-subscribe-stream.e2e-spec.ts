import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { UpdateInput } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { eventsOf, open, publish, send } from '../support/http-client.js';
import { ADAPTERS, createHubApp, type HubApp } from '../support/hub-app.js';
import { named } from '../support/named.js';
import { legacyToken } from '../support/tokens.js';

const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'private, no-cache, no-store, must-revalidate, max-age=0, no-transform',
  pragma: 'no-cache',
  expire: '0',
  'x-accel-buffering': 'no',
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'x-xss-protection': '1; mode=block',
  'content-security-policy': "default-src 'self'",
};

/** Updates, and the bytes each of them is on the wire (WHATWG HTML §9.2.6; draft-dunglas-mercure-08). */
const FRAMES: readonly { promise: string; update: Omit<UpdateInput, 'topic'>; frame: string }[] = [
  { promise: 'an id and data', update: { id: 'a', data: 'Hello' }, frame: 'id: a\ndata: Hello\n\n' },
  {
    promise: 'event, retry, id and data, in that order',
    update: { id: 'custom-id', type: 'type', retry: 5, data: 'several\nlines\rwith\r\neol' },
    frame: 'event: type\nretry: 5\nid: custom-id\ndata: several\ndata: lines\ndata: with\ndata: eol\n\n',
  },
  {
    promise: 'no `event` without a type',
    update: { id: 'b', retry: 7, data: 'x' },
    frame: 'retry: 7\nid: b\ndata: x\n\n',
  },
  {
    promise: 'no `retry` without one',
    update: { id: 'c', type: 't', data: 'x' },
    frame: 'event: t\nid: c\ndata: x\n\n',
  },
  { promise: 'no `retry` for 0', update: { id: 'd', retry: 0, data: 'x' }, frame: 'id: d\ndata: x\n\n' },
  { promise: 'empty data as one empty line', update: { id: 'e', data: '' }, frame: 'id: e\ndata: \n\n' },
  { promise: 'absent data as one empty line', update: { id: 'f' }, frame: 'id: f\ndata: \n\n' },
  {
    promise: 'trailing line breaks kept',
    update: { id: 'g', data: 'x\n\n' },
    frame: 'id: g\ndata: x\ndata: \ndata: \n\n',
  },
  {
    promise: 'LF CR as two breaks',
    update: { id: 'h', data: '1\n\r2' },
    frame: 'id: h\ndata: 1\ndata: \ndata: 2\n\n',
  },
  {
    promise: 'leading blanks kept',
    update: { id: 'i', data: ' x\n y' },
    frame: 'id: i\ndata:  x\ndata:  y\n\n',
  },
  {
    promise: 'lines that look like fields as data',
    update: { id: 'j', data: 'id: 1\nevent: e\n:\nretry: 1' },
    frame: 'id: j\ndata: id: 1\ndata: event: e\ndata: :\ndata: retry: 1\n\n',
  },
  {
    promise: 'U+2028 and U+0085 in data, which end no line',
    update: { id: 'k', data: 'a\u2028b\u0085c' },
    frame: 'id: k\ndata: a\u2028b\u0085c\n\n',
  },
  {
    promise: 'any UTF-8 in data, id and type',
    update: { id: 'ü/漢?', type: 'é', data: '😀 \ufeff' },
    frame: 'event: é\nid: ü/漢?\ndata: 😀 \ufeff\n\n',
  },
  {
    promise: 'objects as JSON',
    update: { id: 'l', data: { a: ['\n'] } },
    frame: 'id: l\ndata: {"a":["\\n"]}\n\n',
  },
];

describe.each(ADAPTERS)('An event stream on %s', (adapter) => {
  let hub: HubApp;
  beforeAll(async () => {
    hub = await createHubApp({ adapter });
  });
  afterAll(() => hub.close());

  it('is 200 with the headers that make every cache and proxy leave it alone', async () => {
    const stream = await open(hub.url, { query: { topic: 'a' }, headers: { connection: 'keep-alive' } });
    expect(stream.status).toBe(200);
    expect(stream.headers).toMatchObject(STREAM_HEADERS);
    expect(stream.headers.connection).toBe('keep-alive');
    stream.abort();
  });

  it('says nothing it was not asked for: no Link, no cursor, no CORS, no length, no encoding', async () => {
    const stream = await open(hub.url, { query: { topic: 'a' }, headers: { 'accept-encoding': 'gzip, br' } });
    const unwanted = [
      'link',
      'last-event-id',
      'mercure-last-event-id',
      'content-length',
      'content-encoding',
      'etag',
    ];
    for (const name of unwanted) expect(stream.headers).not.toHaveProperty(name);
    expect(Object.keys(stream.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
    stream.abort();
  });

  it('begins with `:` and a line feed, at once', async () => {
    const stream = await open(hub.url, { query: { topic: 'a' } });
    expect(await stream.body.waitFor((text) => text.length >= 2)).toBe(':\n');
    stream.abort();
  });

  it.each(named(FRAMES))('frames %s', async (_, { update, frame }) => {
    const stream = await open(hub.url, { query: { topic: 'frames' } });
    await hub.service.publish({ ...update, topic: 'frames' });
    await hub.service.publish({ topic: 'frames', id: 'z', data: 'last' });
    const text = await stream.body.waitFor('data: last\n\n');
    expect(text).toBe(`:\n${frame}id: z\ndata: last\n\n`);
    stream.abort();
  });

  it('sends the same bytes for what is published over HTTP', async () => {
    const stream = await open(hub.url, { query: { topic: 'http' } });
    const fields = { topic: 'http', id: 'x', type: 't', retry: '9', data: '1\r\n2\r3\n4' };
    expect((await publish(hub.url, await legacyToken({ publish: ['*'] }), fields)).status).toBe(200);
    const text = await stream.body.waitFor('\n\n');
    expect(text).toBe(':\nevent: t\nretry: 9\nid: x\ndata: 1\ndata: 2\ndata: 3\ndata: 4\n\n');
    stream.abort();
  });

  it('sends an update of several followed topics once', async () => {
    const stream = await open(`${hub.url}?topic=a&topic=b&match=a&topic=*`);
    await hub.service.publish({ topic: ['a', 'b'], data: 'once' });
    await hub.service.publish({ topic: 'b', data: 'last' });
    const text = await stream.body.waitFor('data: last');
    expect(eventsOf(text).map(({ data }) => data)).toEqual(['once', 'last']);
    stream.abort();
  });

  it('keeps the order of a publisher, over many updates', async () => {
    const stream = await open(hub.url, { query: { topic: 'order' } });
    const wanted = Array.from({ length: 2000 }, (_, index) => String(index));
    for (let at = 0; at < wanted.length; at += 100) {
      await hub.service.publishMany(wanted.slice(at, at + 100).map((data) => ({ topic: 'order', data })));
    }
    const text = await stream.body.waitFor('data: 1999\n');
    expect(eventsOf(text).map(({ data }) => data)).toEqual(wanted);
    stream.abort();
  });

  it('answers HEAD with the headers of the stream and then the end', async () => {
    const answer = await send(hub.url, {
      method: 'HEAD',
      query: { topic: 'a' },
      headers: { 'last-event-id': 'nobody knows' },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ ...STREAM_HEADERS, 'mercure-last-event-id': 'earliest' });
    expect(answer.text).toBe('');
    await eventually('nobody is left', () => hub.hub.connections === 0);
  });

  it.each([
    ['', 400],
    ['?match_urlpattern=(', 400],
    ['?MATCH=a', 400],
  ])('answers HEAD %s with %i and no body', async (query, status) => {
    expect(await send(hub.url + query, { method: 'HEAD' })).toMatchObject({ status, text: '' });
  });
});

describe.each(ADAPTERS)('Heartbeats on %s', (adapter) => {
  it('are comments, sent where nothing else is', async () => {
    const hub = await createHubApp({ adapter, options: { heartbeatMs: 40 } });
    const stream = await open(hub.url, { query: { topic: 'a' } });
    expect(await stream.body.waitFor((text) => text.length >= 6)).toMatch(/^:\n:\n:\n/);
    await hub.service.publish({ topic: 'a', id: '1', data: 'x' });
    const text = await stream.body.waitFor((now) => now.includes('data: x\n\n:\n'));
    expect(text).toMatch(/^(:\n)+id: 1\ndata: x\n\n(:\n)+$/);
    expect(eventsOf(text)).toHaveLength(1);
    await hub.close();
  });

  it('come no sooner than `heartbeatMs` after the last update', async () => {
    const heartbeatMs = 300;
    const hub = await createHubApp({ adapter, options: { heartbeatMs } });
    const stream = await open(hub.url, { query: { topic: 'a' } });
    await stream.body.waitFor(':\n');
    const published = performance.now();
    await hub.service.publish({ topic: 'a', data: 'x' });
    await stream.body.waitFor((text) => text.endsWith('data: x\n\n:\n'));
    // The update itself left a moment after `published` was taken, so this can only be longer.
    expect(performance.now() - published).toBeGreaterThanOrEqual(heartbeatMs - 2);
    await hub.close();
  });

  it('are never sent with `heartbeatMs: 0`', async () => {
    const hub = await createHubApp({ adapter, options: { heartbeatMs: 0, maxLifetimeMs: 400 } });
    const stream = await open(hub.url, { query: { topic: 'a' } });
    await stream.body.ended();
    expect(stream.body.text).toBe(':\n');
    await hub.close();
  });

  it('move the cursor of a stream that public updates passed by, without firing an event', async () => {
    const hub = await createHubApp({ adapter, options: { heartbeatMs: 40 } });
    const stream = await open(hub.url, { query: { topic: 'quiet' } });
    await hub.service.publish({ topic: 'elsewhere', id: 'passed-by', data: 'x' });
    const text = await stream.body.waitFor('\n\n');
    expect(text).toMatch(/^(:\n)+id: passed-by\n\n$/);
    // Told once: the stream's own last id is not older any more.
    const later = await stream.body.waitFor((now) => now.length >= text.length + 4);
    expect(later.slice(text.length)).toMatch(/^(:\n)+$/);
    expect(eventsOf(later)).toEqual([]);
    await hub.close();
  });

  it('never disclose the id of a private update', async () => {
    const hub = await createHubApp({ adapter, options: { heartbeatMs: 40 } });
    const stream = await open(hub.url, { query: { topic: 'quiet' } });
    await hub.service.publish({ topic: 'elsewhere', id: 'public-1', data: 'x' });
    await hub.service.publish({ topic: 'elsewhere', id: 'secret', private: true, data: 'x' });
    const text = await stream.body.waitFor((now) => /id: public-1\n\n(:\n){2}/.test(now));
    expect(text).not.toContain('secret');
    await hub.close();
  });

  it('are not needed where the stream itself was sent the newest update', async () => {
    const hub = await createHubApp({ adapter, options: { heartbeatMs: 40 } });
    const stream = await open(hub.url, { query: { topic: 'a' } });
    await hub.service.publish({ topic: 'a', id: 'own', data: 'x' });
    const text = await stream.body.waitFor((now) => /data: x\n\n(:\n){2}/.test(now));
    expect(text.match(/id: /g)).toHaveLength(1);
    await hub.close();
  });
});

import { describe, expect, it } from 'vitest';
import type { Update, UpdateInput } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { dataOf, eventsOf, open } from '../support/http-client.js';
import { ADAPTERS } from '../support/hub-app.js';
import { bearer, legacyToken } from '../support/tokens.js';
import { closedAfterEach } from './helpers/cleanup.js';

const { start } = closedAfterEach();

/** What plain JavaScript may hand over. */
const untyped = (input: unknown) => input as UpdateInput;

const INVALID: readonly { fault: string; input: UpdateInput; code: string; status?: number }[] = [
  { fault: 'no topic', input: { topic: [] }, code: 'TOPIC_MISSING' },
  { fault: 'a topic that is no string', input: untyped({ topic: 7 }), code: 'UPDATE_INVALID' },
  { fault: 'the reserved topic', input: { topic: '*' }, code: 'UPDATE_INVALID' },
  { fault: 'a line break in a topic', input: { topic: 'a\nb' }, code: 'UPDATE_INVALID' },
  { fault: 'a topic of the hub', input: { topic: '/.well-known/mercure/x' }, code: 'TOPIC_RESERVED' },
  {
    fault: 'too many topics',
    input: { topic: Array.from({ length: 1001 }, (_, i) => `t${i}`) },
    code: 'UPDATE_TOO_LARGE',
    status: 413,
  },
  { fault: 'a line break in an id', input: { topic: 'a', id: 'x\ny' }, code: 'UPDATE_INVALID' },
  { fault: 'NUL in an id', input: { topic: 'a', id: 'x\0' }, code: 'UPDATE_INVALID' },
  { fault: 'a reserved id', input: { topic: 'a', id: 'earliest' }, code: 'UPDATE_INVALID' },
  { fault: 'an empty id', input: { topic: 'a', id: '' }, code: 'UPDATE_INVALID' },
  { fault: 'a line break in a type', input: { topic: 'a', type: 'x\rdata: forged' }, code: 'UPDATE_INVALID' },
  { fault: 'the reserved type', input: { topic: 'a', type: 'mercure' }, code: 'UPDATE_INVALID' },
  { fault: 'a broken surrogate', input: { topic: 'a', data: '\ud800' }, code: 'UPDATE_INVALID' },
  { fault: 'a retry below 0', input: { topic: 'a', retry: -1 }, code: 'UPDATE_INVALID' },
  { fault: 'a retry with a fraction', input: { topic: 'a', retry: 1.5 }, code: 'UPDATE_INVALID' },
  { fault: 'private as text', input: untyped({ topic: 'a', private: 'false' }), code: 'UPDATE_INVALID' },
  { fault: 'an unknown field', input: untyped({ topic: 'a', topics: ['b'] }), code: 'UPDATE_INVALID' },
  { fault: 'data that is no JSON', input: { topic: 'a', data: { big: 1n } }, code: 'UPDATE_INVALID' },
];

describe.each(ADAPTERS)('MercureService on %s', (adapter) => {
  it('publishes to the hub’s streams and resolves with the id', async () => {
    const hub = await start({ adapter });
    const stream = await open(`${hub.url}?topic=books&topic=films`);
    const given = await hub.service.publish({
      topic: ['https://example.com/books/1', 'books'],
      data: 'first\r\nsecond\rthird\n',
      id: 'mine',
      type: 'news',
      retry: 2000,
    });
    const made = await hub.service.publish({ topic: 'films', data: { title: 'é' } });
    await hub.service.publish({ topic: 'films' });
    expect(given).toBe('mine');
    expect(made).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-7/);
    const text = await stream.body.waitFor(`id: ${hub.service.lastEventId()}\n`);
    expect(text).toContain(
      'event: news\nretry: 2000\nid: mine\ndata: first\ndata: second\ndata: third\ndata: \n\n' +
        `id: ${made}\ndata: {"title":"é"}\n\n`,
    );
    expect(eventsOf(await stream.body.waitFor((all) => dataOf(all).length === 3)).at(-1)!.data).toBe('');
    stream.abort();
  });

  it('makes ids as `generateId` says', async () => {
    let count = 0;
    const hub = await start({ adapter, options: { generateId: () => `id-${++count}` } });
    expect(await hub.service.publishMany([{ topic: 'a' }, { topic: 'b' }])).toEqual(['id-1', 'id-2']);
  });

  it('tells the newest id as the cursor to follow from, `earliest` before there is one', async () => {
    const hub = await start({ adapter });
    expect(hub.service.lastEventId()).toBe('earliest');
    await hub.service.publish({ topic: 'a', data: 'before', id: '1' });
    // Dispatched at the end of the tick; with nobody to write to, `publish` does not wait for that.
    await eventually('the update is dispatched', () => hub.service.lastEventId() === '1');
    const cursor = hub.service.lastEventId();
    await hub.service.publish({ topic: 'a', data: 'after', id: '2' });
    const stream = await open(`${hub.url}?topic=a`, { headers: { 'last-event-id': cursor } });
    expect(dataOf(await stream.body.waitFor('data: after\n\n'))).toEqual(['after']);
    stream.abort();
  });

  it('publishes many in their order, and resolves with their ids in it', async () => {
    const hub = await start({ adapter });
    const stream = await open(`${hub.url}?topic=a`);
    const inputs = Array.from({ length: 100 }, (_, index) => ({ topic: 'a', data: `${index}` }));
    const ids = await hub.service.publishMany(inputs);
    const events = eventsOf(await stream.body.waitFor('data: 99\n\n'));
    expect(events.map(({ id, data }) => [id, data])).toEqual(ids.map((id, index) => [id, `${index}`]));
    expect(await hub.service.publishMany([])).toEqual([]);
    stream.abort();
  });

  it.each(INVALID)('publishes none of many where one has $fault', async ({ input, code, status = 400 }) => {
    const hub = await start({ adapter });
    const stream = await open(`${hub.url}?topic=*`);
    const many = hub.service.publishMany([{ topic: 'a', data: 'before it' }, input, { topic: 'a' }]);
    await expect(many).rejects.toMatchObject({ name: 'MercureError', code, status });
    await hub.service.publish({ topic: 'a', data: 'fence' });
    expect(dataOf(await stream.body.waitFor('data: fence\n\n'))).toEqual(['fence']);
    stream.abort();
  });

  it('needs no token, and keeps private updates from whoever is not granted them', async () => {
    const hub = await start({ adapter, options: { publisher: undefined } });
    const stranger = await open(`${hub.url}?topic=a`);
    const token = await legacyToken({ subscribe: ['a'] });
    const granted = await open(`${hub.url}?topic=a`, { headers: bearer(token) });
    await hub.service.publish({ topic: 'a', data: 'secret', private: true });
    await hub.service.publish({ topic: 'a', data: 'fence' });
    expect(dataOf(await granted.body.waitFor('data: fence\n\n'))).toEqual(['secret', 'fence']);
    expect(dataOf(await stranger.body.waitFor('data: fence\n\n'))).toEqual(['fence']);
    granted.abort();
    stranger.abort();
  });

  it('gives everything accepted as `updates$`, in order, private updates too, until shutdown', async () => {
    const hub = await start({ adapter });
    const updates: Update[] = [];
    let completed = false;
    hub.service.updates$.subscribe({
      next: (update) => updates.push(update),
      complete: () => (completed = true),
    });
    await hub.service.publish({ topic: 'a', id: '1', private: true });
    await hub.service.publishMany([
      { topic: 'b', id: '2', type: 'x' },
      { topic: ['c', 'd'], id: '3', data: { a: 1 } },
    ]);
    expect(updates).toEqual([
      { id: '1', topics: ['a'], data: '', private: true },
      { id: '2', topics: ['b'], data: '', private: false, type: 'x' },
      { id: '3', topics: ['c', 'd'], data: '{"a":1}', private: false },
    ]);
    expect(completed).toBe(false);
    await hub.close();
    expect(completed).toBe(true);
    await expect(hub.service.publish({ topic: 'a' })).rejects.toMatchObject({
      code: 'HUB_CLOSED',
      status: 503,
    });
  });
});

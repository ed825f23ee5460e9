import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MercureOptions } from 'nestjs-mercure';
import { redis } from 'nestjs-mercure/redis';
import type { ByteLog } from '../../support/byte-log.js';
import { dataOf, eventsOf, idsOf, open, publish, send } from '../../support/http-client.js';
import { createHubApp, type HubApp } from '../../support/hub-app.js';
import { REDIS_URL, redisAnswers, removeKeys } from '../../support/redis.js';
import { type TcpProxy, startTcpProxy } from '../../support/tcp-proxy.js';
import { legacyToken } from '../../support/tokens.js';

const runs = await redisAnswers('hubs on Redis');
const token = await legacyToken({ publish: ['*'] });
const address = new URL(REDIS_URL);
const topic = 'https://example.com/1';
const telling = { subscriptions: true };

interface Settings extends MercureOptions {
  readonly size?: number;
}

interface Listed {
  readonly lastEventID: string;
  readonly subscriptions: readonly { readonly topic: string }[];
}

/** The topics of the subscriptions that were told to have begun, or ended. */
function begun(text: string, active = true): string[] {
  return dataOf(text)
    .map((data) => JSON.parse(data) as { topic: string; active: boolean })
    .filter((each) => each.active === active)
    .map((each) => each.topic);
}

describe.skipIf(!runs)('Hubs on one Redis', () => {
  const prefix = `hub-${randomUUID()}`;
  const hubs: HubApp[] = [];
  const proxies: TcpProxy[] = [];

  async function start({ size, ...options }: Settings = {}): Promise<HubApp & { proxy: TcpProxy }> {
    const proxy = await startTcpProxy({ host: address.hostname, port: Number(address.port || 6379) });
    proxies.push(proxy);
    const url = new URL(REDIS_URL);
    url.host = `127.0.0.1:${proxy.port}`;
    const transport = redis({ url: url.href, prefix, timeoutMs: 500, size });
    const hub = await createHubApp({ options: { ...options, transport } });
    hubs.push(hub);
    return Object.assign(hub, { proxy });
  }

  beforeEach(() => removeKeys(REDIS_URL, prefix));

  afterEach(async () => {
    await Promise.all(hubs.splice(0).map((hub) => hub.close()));
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
  });

  afterAll(() => removeKeys(REDIS_URL, prefix));

  it('are one: what is published on one is heard on the other, as it is, and in the same order', async () => {
    const [one, other] = [await start(), await start()];
    const streams = [
      await open(one.url, { query: { match: '*' } }),
      await open(other.url, { query: { match: '*' } }),
    ];
    const published = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        publish((index % 2 ? one : other).url, token, { topic, data: `${index}\0é😀\nsecond line` }),
      ),
    );
    expect(published.every(({ status }) => status === 200)).toBe(true);
    await other.service.publish({ topic, data: 'the last' });
    const texts = await Promise.all(streams.map(({ body }) => body.waitFor('the last')));
    const [heard, heardElsewhere] = texts.map((text) => idsOf(text)) as [string[], string[]];
    expect(new Set(heard.slice(0, 60))).toEqual(new Set(published.map(({ text }) => text.trim())));
    expect(heardElsewhere).toEqual(heard);
    expect(eventsOf(texts[0]!).map(({ data }) => data)).toContain('7\0é😀\nsecond line');
  });

  it('give what was missed on one of them on another, and after all of them were started anew', async () => {
    const [one, other] = [await start(), await start()];
    const ids: string[] = [];
    for (let index = 0; index < 20; index++) ids.push(await one.service.publish({ topic, data: `${index}` }));
    const stream = await open(other.url, { query: { topic }, headers: { 'Last-Event-ID': ids[4]! } });
    await stream.body.waitFor('data: 19\n\n');
    expect(idsOf(stream.body.text)).toEqual(ids.slice(5));
    await Promise.all([one.close(), other.close()]);
    hubs.splice(0);

    const later = await start();
    const resumed = await open(later.url, { query: { topic }, headers: { 'Last-Event-ID': ids[9]! } });
    await later.service.publish({ topic, data: 'live' });
    await resumed.body.waitFor('data: live\n\n');
    expect(idsOf(resumed.body.text).slice(0, 10)).toEqual(ids.slice(10));
    expect(eventsOf(resumed.body.text).some(({ event }) => event === 'mercure')).toBe(false);
  });

  it('tell and list each other’s subscribers: who lists on one, and follows from there, misses no arrival', async () => {
    const [one, other] = [await start(telling), await start(telling)];
    const headers = { authorization: `Bearer ${await legacyToken({ subscribe: ['*'] })}` };
    const topics = Array.from({ length: 40 }, (_, index) => `https://example.com/${index}`);
    const arrivals = (async () => {
      for (const each of topics) await open(one.url, { query: { topic: each } });
    })();
    const looks: { listed: string[]; body: ByteLog }[] = [];
    for (let look = 0; look < 8; look++) {
      const answer = await send(`${other.url}/subscriptions`, { headers });
      const { lastEventID, subscriptions } = JSON.parse(answer.text) as Listed;
      const { body } = await open(other.url, { query: { topic: '*', lastEventID }, headers });
      looks.push({ listed: subscriptions.map(({ topic: listed }) => listed), body });
    }
    await arrivals;
    for (const { listed, body } of looks) {
      await body.waitFor((text) => {
        const known = new Set([...listed, ...begun(text)]);
        return topics.every((each) => known.has(each));
      });
    }
  });

  it('store what is sent again under one id once, on whichever of them it is sent', async () => {
    const hubs = [await start({ idempotency: true }), await start({ idempotency: true })];
    const stream = await open(hubs[0]!.url, { query: { topic } });
    const send100 = Array.from({ length: 100 }, (_, index) =>
      publish(hubs[index % 2]!.url, token, { topic, data: 'same', id: 'order' }),
    );
    for (const answer of await Promise.all(send100)) {
      expect([answer.status, answer.text]).toEqual([200, 'order']);
    }
    for (const { url } of hubs) {
      expect((await publish(url, token, { topic, data: 'other', id: 'order' })).status).toBe(409);
    }
    await hubs[1]!.service.publish({ topic, data: 'end' });
    expect(dataOf(await stream.body.waitFor('data: end\n\n'))).toEqual(['same', 'end']);
  });

  it('give a new stream what its topics are now, whichever of them it was published on', async () => {
    const [one, other] = [await start({ retain: true, size: 2 }), await start({ retain: true, size: 2 })];
    await one.service.publish({ topic, data: 'old' });
    const last = await one.service.publish({ topic, data: 'now' });
    for (let index = 0; index < 9; index++) {
      await one.service.publish({ topic: 'https://example.com/busy', data: `${index}` });
    }
    await expect.poll(() => other.service.lastEventId(), { timeout: 20_000 }).toBe(one.service.lastEventId());
    const stream = await open(other.url, { query: { topic } });
    await stream.body.waitFor('data: now\n\n');
    await one.service.publish({ topic, data: 'later' });
    const heard = eventsOf(await stream.body.waitFor('data: later\n\n'));
    expect(heard.map(({ data }) => data)).toEqual(['now', 'later']);
    expect(heard[0]!.id).toBe(last);
  });

  it('keep their history in a storm of reconnections', async () => {
    const [one, other] = [await start({ ...telling, size: 20 }), await start({ ...telling, size: 20 })];
    const ids: string[] = [];
    for (let index = 0; index < 15; index++) ids.push(await one.service.publish({ topic, data: `${index}` }));
    for (let round = 0; round < 4; round++) {
      const streams = await Promise.all(
        Array.from({ length: 25 }, () => open(one.url, { query: { topic } })),
      );
      for (const stream of streams) stream.abort();
    }
    const { body } = await open(other.url, { query: { topic }, headers: { 'Last-Event-ID': ids[0]! } });
    await body.waitFor('data: 14\n\n');
    expect(idsOf(body.text)).toEqual(ids.slice(1));
    expect(body.text).not.toContain('event: mercure');
  });

  it('tell what happened to their subscribers while Redis was away, when it is back', async () => {
    const [one, other] = [await start(telling), await start(telling)];
    const headers = { authorization: `Bearer ${await legacyToken({ subscribe: ['*'] })}` };
    const watcher = await open(other.url, { query: { topic: '*' }, headers });
    const before = await open(one.url, { query: { topic: 'https://example.com/before' } });
    await watcher.body.waitFor((text) => begun(text).includes('https://example.com/before'));
    one.proxy.refuse();
    before.abort();
    await open(one.url, { query: { topic: 'https://example.com/during' } });
    expect((await send(`${one.url}/subscriptions`, { headers })).status).toBe(503);
    one.proxy.heal();
    await watcher.body.waitFor(
      (text) =>
        begun(text).includes('https://example.com/during') &&
        begun(text, false).includes('https://example.com/before'),
    );
    const answer = await send(`${one.url}/subscriptions`, { headers });
    const { subscriptions } = JSON.parse(answer.text) as Listed;
    expect(subscriptions.map(({ topic: listed }) => listed).toSorted()).toEqual([
      '*',
      'https://example.com/during',
    ]);
  });

  it('refuse with 503 what Redis cannot take while it is away, keep their streams, and go on by themselves', async () => {
    const [one, other] = [await start(), await start()];
    const stream = await open(one.url, { query: { topic } });
    one.proxy.refuse();
    const refused = await publish(one.url, token, { topic, data: 'lost' });
    expect(refused.status).toBe(503);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    await other.service.publish({ topic, data: 'elsewhere' });
    one.proxy.heal();
    await stream.body.waitFor('data: elsewhere\n\n');
    await one.service.publish({ topic, data: 'back' });
    expect(eventsOf(await stream.body.waitFor('data: back\n\n')).map(({ data }) => data)).toEqual([
      'elsewhere',
      'back',
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { eventsOf, open, publish } from '../support/http-client.js';
import { ADAPTERS, createHubApp } from '../support/hub-app.js';
import { legacyToken } from '../support/tokens.js';
import { closedAfterEach } from './helpers/cleanup.js';

const topic = 'https://example.com/1';
const token = await legacyToken({ publish: ['*'] });

describe.each(ADAPTERS)('publishing under ids of one’s own, %s', (adapter) => {
  const { start } = closedAfterEach();

  it('again is answered as the first time, and stored once; with another body it is 409', async () => {
    const { url } = await start({ adapter, options: { idempotency: true } });
    const stream = await open(url, { query: { topic } });
    const first = await publish(url, token, { topic, data: 'secret words', id: 'order-1' });
    const again = await publish(url, token, { topic, data: 'secret words', id: 'order-1' });
    expect([first.status, first.text]).toEqual([200, 'order-1']);
    expect([again.status, again.text]).toEqual([200, 'order-1']);
    const others: Record<string, string | string[]>[] = [
      { topic, data: 'other', id: 'order-1' },
      { topic, data: 'secret words', id: 'order-1', private: 'on' },
      { topic, data: 'secret words', id: 'order-1', type: 'order' },
      { topic, data: 'secret words', id: 'order-1', retry: '5' },
      { topic: [topic, 'https://example.com/2'], data: 'secret words', id: 'order-1' },
    ];
    for (const other of others) {
      const refused = await publish(url, token, other);
      expect(refused.status).toBe(409);
      expect(refused.text).toContain('order-1');
      expect(refused.text).not.toContain('secret words');
    }
    await publish(url, token, { topic, data: 'end' });
    const heard = eventsOf(await stream.body.waitFor('data: end\n\n'));
    expect(heard.map(({ data }) => data)).toEqual(['secret words', 'end']);
  });

  it('is as it was where that is off: the same id is another update', async () => {
    const { url } = await start({ adapter });
    const stream = await open(url, { query: { topic } });
    await publish(url, token, { topic, data: 'one', id: 'same' });
    await publish(url, token, { topic, data: 'two', id: 'same' });
    const heard = eventsOf(await stream.body.waitFor('data: two\n\n'));
    expect(heard.map(({ id, data }) => [id, data])).toEqual([
      ['same', 'one'],
      ['same', 'two'],
    ]);
  });
});

describe('publishing under ids of one’s own, in process', () => {
  const { start } = closedAfterEach();

  it('stores all or, where one of them conflicts, none', async () => {
    const { service } = await start({ options: { idempotency: true } });
    const heard: string[] = [];
    service.updates$.subscribe(({ data }) => heard.push(data));
    await service.publish({ topic, id: 'a', data: '1' });
    const conflicting = service.publishMany([
      { topic, data: 'with' },
      { topic, id: 'a', data: '2' },
    ]);
    await expect(conflicting).rejects.toMatchObject({ code: 'ID_CONFLICT', status: 409 });
    const ids = await service.publishMany([
      { topic, id: 'a', data: '1' },
      { topic, id: 'b', data: '3' },
    ]);
    expect(ids).toEqual(['a', 'b']);
    expect(heard).toEqual(['1', '3']);
  });

  it('remembers as many ids as it is told, of those that publishers named alone', async () => {
    const { service } = await start({ options: { idempotency: { maxCount: 3 } } });
    const heard: string[] = [];
    service.updates$.subscribe(({ id }) => heard.push(id));
    for (const id of ['a', 'b', 'c']) await service.publish({ topic, id });
    for (let made = 0; made < 10; made++) await service.publish({ topic });
    await service.publish({ topic, id: 'a' });
    expect(heard.filter((id) => id === 'a')).toHaveLength(1);
    await service.publish({ topic, id: 'd' });
    await service.publish({ topic, id: 'a' });
    expect(heard.filter((id) => id === 'a')).toHaveLength(2);
  });

  it('is refused at start where the transport cannot do it', async () => {
    const plain = {
      durability: 'process' as const,
      start: () => Promise.reject(new Error('started')),
      append: () => Promise.resolve(),
      locate: () => Promise.resolve({ found: false, reason: 'unknown' } as const),
      earliest: () => Promise.resolve(''),
      read: () => Promise.resolve(undefined),
      close: () => Promise.resolve(),
    };
    const app = createHubApp({ options: { transport: plain, idempotency: true } });
    await expect(app).rejects.toMatchObject({
      code: 'OPTIONS_INVALID',
      message: expect.stringContaining('"idempotency"'),
    });
    const other = createHubApp({ options: { transport: plain, retain: true } });
    await expect(other).rejects.toMatchObject({
      code: 'OPTIONS_INVALID',
      message: expect.stringContaining('"retain"'),
    });
  });
});

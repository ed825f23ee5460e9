import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Clock, stopClock } from '../support/clock.js';
import { eventually } from '../support/eventually.js';
import { dataOf, open, send } from '../support/http-client.js';
import { ADAPTERS, createHubApp } from '../support/hub-app.js';
import { bearer, legacyToken, modernToken, secondsFromNow } from '../support/tokens.js';

describe.each(ADAPTERS)('The life of a stream on %s', (adapter) => {
  let clock: Clock;
  beforeEach(() => {
    clock = stopClock();
  });
  afterEach(() => {
    vi.restoreAllMocks();
    clock.restore();
  });

  it.each([
    { share: 'least', random: 0, openAt: 479_000, overAt: 480_000 },
    { share: 'most', random: 1 - Number.EPSILON, openAt: 599_000, overAt: 600_000 },
  ])(
    'lasts 80 to 100 % of `maxLifetimeMs`: at $share until $overAt ms',
    async ({ random, openAt, overAt }) => {
      vi.spyOn(Math, 'random').mockReturnValue(random);
      const hub = await createHubApp({ adapter, options: { heartbeatMs: 0 } });
      const stream = await open(hub.url, { query: { topic: 'a' } });
      await clock.advance(openAt - 1);
      expect(hub.hub.connections).toBe(1);
      await clock.advance(overAt - openAt + 1);
      expect(hub.hub.connections).toBe(0);
      expect(await stream.body.ended()).toBe('end');
      await hub.close();
    },
  );

  it('has no end with `maxLifetimeMs: 0`', async () => {
    const hub = await createHubApp({ adapter, options: { maxLifetimeMs: 0, heartbeatMs: 0 } });
    const stream = await open(hub.url, { query: { topic: 'a' } });
    await clock.advance(1_300_000);
    await hub.service.publish({ topic: 'a', data: 'still here' });
    await stream.body.waitFor('still here');
    await hub.close();
  });

  it('ends with the newest public id, so that nothing quiet falls out of the history', async () => {
    const hub = await createHubApp({ adapter, options: { heartbeatMs: 0, maxLifetimeMs: 10_000 } });
    const stream = await open(hub.url, { query: { topic: 'quiet' } });
    await hub.service.publish({ topic: 'elsewhere', id: 'passed-by', data: 'x' });
    await hub.service.publish({ topic: 'elsewhere', id: 'secret', private: true, data: 'x' });
    await clock.advance(10_000);
    expect(await stream.body.ended()).toBe('end');
    expect(stream.body.text).toBe(':\n:\nid: passed-by\n\n');
    await hub.close();
  });

  describe.each([
    { generation: '0.x', mint: legacyToken, lifetime: 600_000 },
    { generation: '1.0', mint: modernToken, lifetime: 600_000 },
    { generation: '1.0, streams unbounded', mint: modernToken, lifetime: 0 },
  ])('with a token of $generation', ({ mint, lifetime }) => {
    it.each([2, 30, 300])('ends in the last second before it expires, %i seconds ahead', async (seconds) => {
      const hub = await createHubApp({ adapter, options: { heartbeatMs: 0, maxLifetimeMs: lifetime } });
      const exp = secondsFromNow(seconds);
      const headers = bearer(await mint({ subscribe: ['*'] }, { claims: { exp } }));
      const stream = await open(hub.url, { query: { match: 'a' }, headers });
      await clock.advance(exp * 1000 - Date.now() - 1001);
      expect(hub.hub.connections).toBe(1);
      await hub.service.publish({ topic: 'a', private: true, data: 'in time' });
      await stream.body.waitFor('in time');
      await clock.advance(1001);
      expect(Date.now()).toBe(exp * 1000);
      expect(hub.hub.connections).toBe(0);
      await hub.service.publish({ topic: 'a', private: true, data: 'too late' });
      expect(await stream.body.ended()).toBe('end');
      expect(dataOf(stream.body.text)).toEqual(['in time']);
      await hub.close();
    });

    it('resumes with a fresh token and misses nothing', async () => {
      const hub = await createHubApp({ adapter, options: { maxLifetimeMs: lifetime } });
      const token = (seconds: number) =>
        mint({ subscribe: ['a'] }, { claims: { exp: secondsFromNow(seconds) } });
      const first = await open(hub.url, { query: { match: 'a' }, headers: bearer(await token(5)) });
      await hub.service.publish({ topic: 'a', private: true, id: '1', data: 'one' });
      await first.body.waitFor('one');
      await clock.advance(6000);
      await first.body.ended();
      await hub.service.publish({ topic: 'a', private: true, id: '2', data: 'two' });
      const headers = { ...bearer(await token(60)), 'Last-Event-ID': '1' };
      const second = await open(hub.url, { query: { match: 'a' }, headers });
      expect(dataOf(await second.body.waitFor('two'))).toEqual(['two']);
      await hub.close();
    });
  });

  it('is not longer than its lifetime because of a token that lasts', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const hub = await createHubApp({ adapter, options: { maxLifetimeMs: 60_000, heartbeatMs: 0 } });
    const stream = await open(hub.url, {
      query: { match: 'a' },
      headers: bearer(await modernToken({ subscribe: ['a'] })),
    });
    await clock.advance(48_000);
    expect(await stream.body.ended()).toBe('end');
    await hub.close();
  });
});

describe.each(ADAPTERS)('Room for streams on %s', (adapter) => {
  const tooMany = { status: 429, reason: 'Too Many Requests' };

  it('is `maxConnections`: one more is 429, until one leaves', async () => {
    const hub = await createHubApp({ adapter, options: { maxConnections: 2 } });
    const ask = { query: { topic: 'a' } };
    const [first] = await Promise.all([open(hub.url, ask), open(hub.url, ask)]);
    expect(await send(hub.url, ask)).toMatchObject(tooMany);
    first.abort();
    await eventually('one has left', () => hub.hub.connections === 1);
    expect((await open(hub.url, ask)).status).toBe(200);
    await hub.close();
  });

  it('is not exceeded by those who come at once', async () => {
    const hub = await createHubApp({ adapter, options: { maxConnections: 5 } });
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => open(hub.url, { query: { topic: 'a' } })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(35);
    expect(hub.hub.connections).toBe(5);
    await hub.close();
  });

  it('is `maxConnectionsPerClient` for each address without a token', async () => {
    const hub = await createHubApp({ adapter, options: { maxConnectionsPerClient: 1 } });
    const first = await open(hub.url, { query: { topic: 'a' } });
    expect(await send(hub.url, { query: { topic: 'b' } })).toMatchObject(tooMany);
    first.abort();
    await eventually('it has left', () => hub.hub.connections === 0);
    expect((await open(hub.url, { query: { topic: 'b' } })).status).toBe(200);
    await hub.close();
  });

  it('is `maxConnectionsPerClient` for each subject of tokens, whatever the address', async () => {
    const hub = await createHubApp({ adapter, options: { maxConnectionsPerClient: 1 } });
    const as = async (sub: string) => ({
      query: { match: 'a' },
      headers: bearer(await modernToken({ subscribe: ['a'] }, { claims: { sub } })),
    });
    expect((await open(hub.url, await as('alice'))).status).toBe(200);
    expect((await open(hub.url, await as('bob'))).status).toBe(200);
    expect(await send(hub.url, await as('alice'))).toMatchObject(tooMany);
    await hub.close();
  });

  it('is not taken by what is refused, nor by HEAD', async () => {
    const hub = await createHubApp({ adapter, options: { maxConnections: 1 } });
    await send(hub.url, { method: 'HEAD', query: { topic: 'a' } });
    await send(hub.url, { query: { match_urlpattern: '(' } });
    expect((await open(hub.url, { query: { topic: 'a' } })).status).toBe(200);
    await hub.close();
  });
});

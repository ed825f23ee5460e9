import { describe, expect, it } from 'vitest';
import { NO_GRANTS } from '../../src/authorization/grants.js';
import { exact, follow, quiet, RecordingSink, startHub, update } from './support.js';

const settings = { timeout: 20_000, interval: 5 };

describe('a subscriber’s life', () => {
  it('gets a comment after a silence, and none while updates come', async () => {
    const hub = await startHub({ heartbeatMs: 100 });
    const { sink } = await follow(hub, [exact('t')]);
    await expect.poll(() => sink.text, settings).toBe(':\n');
    await hub.shutdown(0);
  });

  it('is told a cursor past updates that were not for it, once, and never an older one than its own', async () => {
    const hub = await startHub({ heartbeatMs: 60 });
    const quietOne = await follow(hub, [exact('elsewhere')]);
    const busy = await follow(hub, [exact('t')], { grants: { ...NO_GRANTS, subscribe: [exact('t')] } });
    await hub.publish([update('public'), update('private', { private: true })]);
    await expect.poll(() => quietOne.sink.text, settings).toMatch(/^:\nid: public\n\n:\n/);
    await expect.poll(() => busy.sink.frames.length, settings).toBeGreaterThan(2);
    expect(busy.sink.text).toMatch(/^id: public\ndata: \n\nid: private\ndata: \n\n(:\n)+$/);
    await hub.shutdown(0);
  });

  it('ends within its lifetime', async () => {
    const hub = await startHub({ maxLifetimeMs: 500 });
    const started = performance.now();
    const { sink, subscriber } = await follow(hub, [exact('t')]);
    await expect.poll(() => sink.ended, settings).toBe('ended');
    expect(subscriber.closed).toBe('deadline');
    expect(performance.now() - started, 'not at once').toBeGreaterThan(300);
    expect(hub.connections).toBe(0);
  });

  it('never gets an update after its token expired, however late the timer', async () => {
    const hub = await startHub();
    const expiresAt = Date.now() / 1000 + 0.2;
    const { sink, subscriber } = await follow(hub, [exact('t')], { grants: { ...NO_GRANTS, expiresAt } });
    // The loop is busy past the expiry, so no timer has fired when the update is dispatched.
    while (Date.now() / 1000 < expiresAt + 0.05);
    await hub.publish([update('late')]);
    await quiet();
    expect(sink.ids).toEqual([]);
    expect(subscriber.closed).toBe('expired');
  });

  it('is cut when it takes nothing for too long', async () => {
    const hub = await startHub({ dispatchTimeoutMs: 100, heartbeatMs: 100 });
    const sink = new RecordingSink();
    sink.stalled = true;
    const { subscriber } = await follow(hub, [exact('t')], { sink });
    await hub.publish([update('a')]);
    await expect.poll(() => subscriber.closed, settings).toBe('slow');
    expect(sink.ended).toBe('destroyed');
  });

  it('leaves nothing behind', async () => {
    const hub = await startHub();
    const { subscriber, sink } = await follow(hub, [exact('t')]);
    hub.leave(subscriber);
    await hub.publish([update('a')]);
    await quiet();
    expect(sink.frames).toEqual([]);
    expect(hub.connections).toBe(0);
    expect(hub.settled([update('a')])).toBeUndefined();
  });

  it.each([
    ['in all', { maxConnections: 2 }],
    ['of one client', { maxConnectionsPerClient: 2 }],
  ])('is refused past the bound %s, and taken again when one left', async (_, bounds) => {
    const hub = await startHub(bounds);
    const first = await follow(hub, [exact('t')]);
    await follow(hub, [exact('t')]);
    await expect(follow(hub, [exact('t')])).rejects.toMatchObject({
      status: 429,
      code: 'TOO_MANY_CONNECTIONS',
    });
    hub.leave(first.subscriber);
    await follow(hub, [exact('t')]);
  });

  it('is refused when one client holds more than a tenth of the patterns', async () => {
    const hub = await startHub({ maxPatterns: 10 });
    const pattern = (n: number) => ({ type: 'urlpattern', pattern: `https://example.com/:a${n}/*` }) as const;
    await follow(hub, [pattern(1)]);
    await expect(follow(hub, [pattern(2)])).rejects.toMatchObject({ status: 429, code: 'TOO_MANY_PATTERNS' });
    await follow(hub, [pattern(1)]);
    await follow(hub, [exact('t')]);
  });
});

describe('shutdown', () => {
  it('writes what was accepted, ends every stream, completes the updates, takes nobody on', async () => {
    const hub = await startHub();
    const followers = await Promise.all(Array.from({ length: 50 }, () => follow(hub, [exact('t')])));
    let completed = false;
    hub.updates$.subscribe({ complete: () => (completed = true) });
    const published = hub.publish([update('last')]);
    await Promise.all([published, hub.shutdown(0)]);
    expect(followers.map(({ sink }) => [sink.ids, sink.ended])).toEqual(
      followers.map(() => [['last'], 'ended']),
    );
    expect(completed).toBe(true);
    await expect(follow(hub, [exact('t')])).rejects.toMatchObject({ code: 'HUB_CLOSED' });
    await expect(hub.publish([update('late')])).rejects.toMatchObject({ code: 'HUB_CLOSED' });
  });

  it('spreads the ends over the time it is given', async () => {
    const hub = await startHub();
    const followers = await Promise.all(Array.from({ length: 20 }, () => follow(hub, [exact('t')])));
    const ends: number[] = [];
    for (const { sink } of followers) sink.end = () => void ends.push(performance.now());
    await hub.shutdown(400);
    expect(ends).toHaveLength(20);
    expect(ends.at(-1)! - ends[0]!).toBeGreaterThan(300);
  });
});

import { afterEach, describe, expect, it, vi } from 'vitest';
import { NO_GRANTS } from '../../src/authorization/grants.js';
import { ALL } from '../../src/topic/matcher.js';
import { countMatches } from '../support/matches.js';
import { exact, follow, quiet, RecordingSink, startHub, update } from './support.js';

afterEach(() => vi.restoreAllMocks());

describe('dispatch', () => {
  it('matches an update once, encodes a batch once and writes once per stream: 1,000 streams, 10 updates of one tick', async () => {
    const hub = await startHub();
    const followers = await Promise.all(Array.from({ length: 1000 }, () => follow(hub, [exact('t')])));
    const matches = countMatches();
    const updates = Array.from({ length: 10 }, (_, i) => update(`u${i}`));
    for (const one of updates) void hub.publish([one]);
    await quiet();

    expect(matches()).toBe(10);
    expect(new Set(followers.flatMap(({ sink }) => sink.frames)).size, 'one frame for all').toBe(1);
    for (const { sink } of followers) {
      expect(sink.frames).toHaveLength(1);
      expect(sink.ids).toEqual(updates.map(({ id }) => id));
    }
  });

  it('lets a publisher go on that nobody follows and that never waits, without end', async () => {
    const hub = await startHub();
    const one = update('a', { data: 'x'.repeat(100_000) });
    // More than what may be pending, in which the event loop never turns unless the publisher is made to wait.
    for (let published = 0; published < 1500; published++) {
      await hub.publish([one]);
      await hub.settled([one]);
    }
    await hub.shutdown(0);
  });

  it('delivers a single update in the tick it was accepted in', async () => {
    const hub = await startHub();
    const { sink } = await follow(hub, [exact('t')]);
    await hub.publish([update('a')]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(sink.ids).toEqual(['a']);
  });

  it('gives one frame to audiences that differ but get the same single update', async () => {
    const hub = await startHub();
    const one = await follow(hub, [exact('t')]);
    const other = await follow(hub, [ALL]);
    await hub.publish([update('a')]);
    await quiet();
    expect(one.sink.frames[0]).toBe(other.sink.frames[0]);
  });

  it('gives private updates to those who listen to one of the topics and are granted one of them, and to nobody else', async () => {
    const hub = await startHub();
    const grants = (topic: string) => ({ ...NO_GRANTS, subscribe: [exact(topic)] });
    const granted = await follow(hub, [exact('canonical')], { grants: grants('alternate') });
    const elsewhere = await follow(hub, [exact('canonical')], { grants: grants('other') });
    const deaf = await follow(hub, [exact('other')], { grants: grants('canonical') });
    const anonymous = await follow(hub, [ALL]);
    await hub.publish([update('a', { topics: ['canonical', 'alternate'], private: true })]);
    await quiet();
    expect(granted.sink.ids).toEqual(['a']);
    expect([elsewhere, deaf, anonymous].flatMap(({ sink }) => sink.ids)).toEqual([]);
  });

  it('never mixes up audiences whose matchers only look alike', async () => {
    const hub = await startHub();
    const pairs = [['a","b'], ['a', 'b'], ['a b'], ['a,b'], ['["a"]']];
    const followers = await Promise.all(pairs.map((topics) => follow(hub, topics.map(exact))));
    for (const topics of pairs)
      for (const topic of topics) await hub.publish([update(topic, { topics: [topic] })]);
    await quiet();
    expect(followers.map(({ sink }) => sink.ids)).toEqual(pairs);
  });

  it('cuts a stream that has too much waiting when the next batch comes, and nobody else', async () => {
    const slow = vi.fn<() => void>();
    const hub = await startHub({ maxBufferedBytes: 1000, onSlow: slow });
    const sink = new RecordingSink();
    sink.stalled = true;
    await follow(hub, [exact('t')], { sink });
    const other = await follow(hub, [exact('t')]);
    await hub.publish([update('a', { data: 'x'.repeat(5000) })]);
    await quiet();
    expect(sink.ended, 'the newest batch alone may exceed the bound').toBe('no');
    await hub.publish([update('b')]);
    await quiet();
    expect(sink.ended).toBe('destroyed');
    expect(slow).toHaveBeenCalledOnce();
    expect(other.sink.ids).toEqual(['a', 'b']);
    expect(hub.connections).toBe(1);
  });

  it('refuses to accept more than it can hold before it is written', async () => {
    const hub = await startHub();
    await follow(hub, [exact('t')]);
    const large = update('a', { data: 'x'.repeat(1024 * 1024) });
    const publishes = Array.from({ length: 70 }, () => hub.publish([large]));
    const outcomes = await Promise.allSettled(publishes);
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({ reason: { code: 'HUB_OVERLOADED', status: 503 } });
    await quiet();
    await expect(hub.publish([update('b')])).resolves.toBeUndefined();
  });

  it('makes a publisher wait for what it published to be written, and for nothing that is for nobody', async () => {
    const hub = await startHub();
    await follow(hub, [exact('t')]);
    const followed = update('a');
    const unfollowed = update('b', { topics: ['nobody'] });
    void hub.publish([followed, unfollowed]);
    expect(hub.settled([followed])).toBeDefined();
    expect(hub.settled([unfollowed])).toBeUndefined();
  });

  it('stores all updates of a call or none', async () => {
    const hub = await startHub({
      validate: ({ id }) => {
        if (id === 'bad') throw new Error('bad');
      },
    });
    const { sink } = await follow(hub, [exact('t')]);
    await expect(hub.publish([update('a'), update('bad')])).rejects.toThrow('bad');
    await quiet();
    expect(sink.ids).toEqual([]);
  });
});

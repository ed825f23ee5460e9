import { describe, expect, it } from 'vitest';
import { NO_GRANTS } from '../../src/authorization/grants.js';
import { memory } from '../../src/transport/memory-transport.js';
import { ALL } from '../../src/topic/matcher.js';
import { exact, follow, quiet, RecordingSink, startHub, update } from './support.js';

describe('an observer of the updates that publishes in turn', () => {
  it('changes the order for nobody: observers, live streams and the history agree, and nothing is lost', async () => {
    const hub = await startHub();
    const first: string[] = [];
    const second: string[] = [];
    hub.updates$.subscribe(({ id }) => {
      first.push(id);
      if (!id.startsWith('derived')) void hub.publish([update(`derived-${id}`)]);
    });
    hub.updates$.subscribe(({ id }) => second.push(id));
    const live = await follow(hub, [exact('t')]);
    for (const id of ['1', '2', '3']) await hub.publish([update(id)]);
    await hub.publish([update('4'), update('5')]);
    await quiet();
    const replayed = await follow(hub, [exact('t')], { from: 'earliest' });
    await quiet();

    expect(first).toHaveLength(10);
    expect(second).toEqual(first);
    expect(live.sink.ids).toEqual(first);
    expect(replayed.sink.ids).toEqual(first);
    expect(hub.lastEventId).toBe(first.at(-1));
  });
});

describe('a gap', () => {
  it('names an id that the client asked for or was sent, never one that was only read past', async () => {
    const hub = await startHub({ transport: memory({ maxUpdates: 1000 }) });
    const history = Array.from({ length: 900 }, (_, index) =>
      index === 0 || index % 2 === 1
        ? update(`public-${index}`)
        : update(`SECRET-${index}`, { topics: ['s'], private: true }),
    );
    await hub.publish(history);
    await quiet();
    const sink = new RecordingSink();
    sink.stalled = true;
    await follow(hub, [exact('t')], { from: 'public-0', sink });
    await quiet();
    await hub.publish(Array.from({ length: 2000 }, (_, index) => update(`later-${index}`)));
    await quiet();
    sink.drain();
    await quiet();
    expect(sink.frames.at(-1)!.gap).toMatchObject({ requested: sink.ids.at(-1), reason: 'expired' });
    expect(sink.text).not.toContain('SECRET');
  });
});

describe('many audiences that are given the same', () => {
  it('share the frame of a whole batch', async () => {
    const hub = await startHub();
    const followers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        follow(hub, [ALL], { grants: { ...NO_GRANTS, subscribe: [exact(`user-${index}`)] } }),
      ),
    );
    for (const id of ['1', '2', '3']) void hub.publish([update(id)]);
    await quiet();
    expect(new Set(followers.flatMap(({ sink }) => sink.frames)).size).toBe(1);
    expect(followers[0]!.sink.ids).toEqual(['1', '2', '3']);
  });

  it('are replayed one frame a page, however many come back at once', async () => {
    const hub = await startHub();
    await hub.publish(Array.from({ length: 1500 }, (_, index) => update(`${index}`)));
    await quiet();
    const followers = await Promise.all(
      Array.from({ length: 100 }, () => follow(hub, [exact('t')], { from: '0' })),
    );
    await quiet();
    for (const { sink } of followers) expect(sink.ids).toHaveLength(1499);
    expect(new Set(followers.flatMap(({ sink }) => sink.frames)).size).toBe(3);
  });
});

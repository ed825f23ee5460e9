import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_GRANTS } from '../../src/authorization/grants.js';
import type { Frame } from '../../src/sse/frame.js';
import { ALL } from '../../src/topic/matcher.js';
import { memory } from '../../src/transport/memory-transport.js';
import type { Transport } from '../../src/transport/transport.js';
import { exact, follow, quiet, RecordingSink, startHub, update } from './support.js';

const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `u${from + i}`);

describe('catching up', () => {
  it('replays what came after the cursor, in order, then goes on live without a gap or a duplicate', async () => {
    const hub = await startHub();
    await hub.publish(ids(0, 1500).map((id) => update(id)));
    await quiet();
    const { sink } = await follow(hub, [exact('t')], { from: 'u99' });
    await hub.publish(ids(1500, 1600).map((id) => update(id)));
    await quiet();
    expect(sink.ids).toEqual(ids(100, 1600));
  });

  it('gives a stream that catches up during a long flush what that flush brings once, and the next flush too', async () => {
    const hub = await startHub();
    await hub.publish([update('before')]);
    await quiet();
    // Slow enough for the flush to take several turns of the event loop.
    class SlowSink extends RecordingSink {
      override send(frame: Frame): void {
        for (const until = performance.now() + 0.2; performance.now() < until;);
        super.send(frame);
      }
    }
    const many = Array.from({ length: 300 }, () => follow(hub, [exact('t')], { sink: new SlowSink() }));
    const followers = await Promise.all(many);
    await hub.publish([update('during')]);
    // The flush has begun: its position has moved, and its streams are being written.
    await new Promise((resolve) => setImmediate(resolve));
    expect(hub.lastEventId).toBe('during');
    const late = await follow(hub, [exact('t')], { from: 'before' });
    expect(followers.at(-1)!.sink.ids, 'the flush is under way').toEqual([]);
    await expect.poll(() => followers.at(-1)!.sink.ids, { timeout: 20_000 }).toEqual(['during']);
    await hub.publish([update('after')]);
    await expect.poll(() => followers.at(-1)!.sink.ids, { timeout: 20_000 }).toEqual(['during', 'after']);
    expect(late.sink.ids).toEqual(['during', 'after']);
  });

  it('replays everything kept for "earliest"', async () => {
    const hub = await startHub();
    await hub.publish(ids(0, 10).map((id) => update(id)));
    await quiet();
    const { sink } = await follow(hub, [exact('t')], { from: 'earliest' });
    await quiet();
    expect(sink.ids).toEqual(ids(0, 10));
  });

  it('delivers each update exactly once and in order, wherever publishing falls between its steps', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.nat(30), fc.nat(30), async (scheduler, before, during) => {
        const inner = memory();
        // Every answer of the transport comes when the scheduler says so.
        const transport: Transport = {
          durability: 'process',
          start: (listener) => inner.start(listener),
          append: (updates) => inner.append(updates),
          locate: (id) => scheduler.schedule(inner.locate(id)),
          earliest: () => scheduler.schedule(inner.earliest()),
          read: (after, until) => scheduler.schedule(inner.read(after, until)),
          close: () => inner.close(),
        };
        const hub = await startHub({ transport });
        const accepted: string[] = [];
        hub.updates$.subscribe(({ id }) => accepted.push(id));
        await hub.publish([update('start'), ...ids(0, before).map((id) => update(id))]);
        await quiet();
        const followed = follow(hub, [exact('t')], { from: 'start' });
        for (const id of ids(before, before + during)) {
          void scheduler.schedule(Promise.resolve()).then(() => hub.publish([update(id)]));
        }
        await scheduler.waitFor(followed);
        await scheduler.waitAll();
        for (let turn = 0; turn < 5; turn++) {
          await quiet();
          await scheduler.waitAll();
        }
        const { sink } = await followed;
        expect(accepted).toHaveLength(1 + before + during);
        expect(sink.ids).toEqual(accepted.slice(1));
        await hub.shutdown(0);
      }),
      { numRuns: 200 },
    );
  });

  it('holds one page for a reader that stalls 10,000 updates behind', async () => {
    const hub = await startHub({ transport: memory({ maxUpdates: 20_000 }) });
    await hub.publish(ids(0, 10_000).map((id) => update(id, { data: 'x'.repeat(100) })));
    await quiet();
    const sink = new RecordingSink();
    sink.stalled = true;
    await follow(hub, [exact('t')], { from: 'u0', sink });
    await quiet();
    expect(sink.frames).toHaveLength(1);
    expect(sink.ids).toEqual(ids(1, 501));
    for (let page = 0; page < 30; page++) {
      sink.drain();
      await quiet();
    }
    expect(sink.ids).toEqual(ids(1, 10_000));
  });

  it('tells a cursor that is not kept on the stream, then goes on live', async () => {
    const hub = await startHub();
    await hub.publish([update('a')]);
    await quiet();
    const { sink } = await follow(hub, [exact('t')], { from: 'lost' });
    await hub.publish([update('b')]);
    await quiet();
    expect(sink.frames[0]!.gap).toEqual({ requested: 'lost', reason: 'unknown', lastEventId: 'a' });
    expect(sink.ids).toEqual(['b']);
  });

  it('tells no id of a private update in a gap', async () => {
    const hub = await startHub();
    await hub.publish([update('public'), update('secret', { private: true })]);
    await quiet();
    const { sink } = await follow(hub, [exact('t')], { from: 'lost' });
    await quiet();
    expect(sink.text).toContain('"last_event_id":"public"');
    expect(sink.text).not.toContain('secret');
  });

  it('tells dropped events about subscriptions as a gap to those who may follow them, and to nobody else', async () => {
    const transport = memory();
    const hub = await startHub({ transport });
    await hub.publish([update('a'), update('b')]);
    const events = Array.from({ length: 10_001 }, (_, index) =>
      update(`presence-${index}`, { topics: ['p'], private: true }),
    );
    await transport.append(events, 'presence');
    await quiet();
    const grants = { ...NO_GRANTS, subscribe: [ALL] };
    const watcher = await follow(hub, [ALL], { from: 'a', grants });
    const reader = await follow(hub, [exact('t')], { from: 'a', grants });
    await quiet();
    expect(watcher.sink.frames[0]!.gap).toMatchObject({ requested: 'a', reason: 'expired' });
    await expect.poll(() => reader.sink.ids, { timeout: 20_000 }).toEqual(['b']);
    expect(reader.sink.frames.some(({ gap }) => gap)).toBe(false);
  });

  it('says nothing of gaps where that is turned off', async () => {
    const hub = await startHub({ gapEvents: false });
    const { sink } = await follow(hub, [exact('t')], { from: 'lost' });
    await quiet();
    expect(sink.frames).toEqual([]);
  });

  it('tells a gap where the history was trimmed past a slow reader', async () => {
    const hub = await startHub({ transport: memory({ maxUpdates: 1000 }) });
    await hub.publish(ids(0, 900).map((id) => update(id)));
    await quiet();
    const sink = new RecordingSink();
    sink.stalled = true;
    await follow(hub, [exact('t')], { from: 'u0', sink });
    await quiet();
    await hub.publish(ids(900, 3000).map((id) => update(id)));
    await quiet();
    sink.drain();
    await quiet();
    expect(sink.frames.at(-1)!.gap).toMatchObject({ requested: 'u500', reason: 'expired' });
    await hub.publish([update('last')]);
    await quiet();
    expect(sink.ids.at(-1)).toBe('last');
  });

  it('waits for a transport that is away, and goes on from where it stood', async () => {
    const inner = memory();
    let away = 0;
    const transport: Transport = {
      durability: 'process',
      start: (listener) => inner.start(listener),
      append: (updates) => inner.append(updates),
      locate: (id) => inner.locate(id),
      earliest: () => inner.earliest(),
      read: (after, until) => (away++ < 1 ? Promise.reject(new Error('away')) : inner.read(after, until)),
      close: () => inner.close(),
    };
    const hub = await startHub({ transport });
    await hub.publish(ids(0, 3).map((id) => update(id)));
    await quiet();
    const { sink } = await follow(hub, [exact('t')], { from: 'u0' });
    await expect.poll(() => sink.ids, { timeout: 20_000 }).toEqual(['u1', 'u2']);
  });
});

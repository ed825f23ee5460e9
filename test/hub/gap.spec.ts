import { describe, expect, it } from 'vitest';
import { NO_GRANTS } from '../../src/authorization/grants.js';
import type { Frame } from '../../src/sse/frame.js';
import { memory } from '../../src/transport/memory-transport.js';
import { epochal, exact, follow, quiet, RecordingSink, startHub, update } from './support.js';

/** What a stream heard: ids, and gaps as what was requested. */
const heard = ({ frames }: RecordingSink): string[] =>
  frames.flatMap(({ updates, gap }) => [
    ...updates.map(({ id }) => id),
    ...(gap ? [`gap after ${gap.requested}, from ${gap.lastEventId}`] : []),
  ]);

const settings = { timeout: 20_000, interval: 5 };

describe('a transport that tells a gap', () => {
  it('has it told on every live stream, between what came before and what comes after, with its own last id', async () => {
    const transport = epochal();
    const hub = await startHub({ transport });
    const one = await follow(hub, [exact('t')]);
    const other = await follow(hub, [exact('u')]);
    const silent = await follow(hub, [exact('nothing')]);
    await hub.publish([update('a'), update('b', { topics: ['u'] })]);
    await hub.publish([update('c')]);
    transport.wipe();
    await hub.publish([update('d', { topics: ['t', 'u', 'nothing'] })]);
    await quiet();
    expect(heard(one.sink)).toEqual(['a', 'c', 'gap after c, from undefined', 'd']);
    expect(heard(other.sink)).toEqual(['b', 'gap after b, from undefined', 'd']);
    expect(heard(silent.sink)).toEqual(['gap after undefined, from undefined', 'd']);
    expect(one.sink.text).toContain(
      'event: mercure\ndata: {"type":"gap","requested":"c","reason":"unknown","last_event_id":"earliest"}\n\n',
    );
    expect(silent.sink.text).toContain(
      'data: {"type":"gap","reason":"unknown","last_event_id":"earliest"}\n',
    );
  });

  it('has it told once to a stream that is catching up, in place of what is missing', async () => {
    const transport = epochal({ maxUpdates: 5000 });
    const hub = await startHub({ transport });
    const ids = Array.from({ length: 2000 }, (_, index) => `u${index}`);
    await hub.publish(ids.map((id) => update(id)));
    await quiet();
    const sink = new RecordingSink();
    sink.stalled = true;
    await follow(hub, [exact('t')], { from: 'u0', sink });
    await expect.poll(() => sink.ids.length, settings).toBe(500);
    transport.wipe();
    await hub.publish([update('after')]);
    await quiet();
    sink.stalled = false;
    sink.drain();
    await expect.poll(() => heard(sink).slice(500), settings).toEqual(['gap after u500, from after']);
    await hub.publish([update('later')]);
    await quiet();
    expect(heard(sink).slice(500)).toEqual(['gap after u500, from after', 'later']);
  });

  it('concerns nobody who came after it', async () => {
    const transport = epochal();
    const hub = await startHub({ transport });
    await hub.publish([update('a')]);
    const before = await follow(hub, [exact('t')]);
    transport.wipe();
    const after = await follow(hub, [exact('t')]);
    await hub.publish([update('b')]);
    await quiet();
    expect(heard(before.sink)).toEqual(['gap after undefined, from undefined', 'b']);
    expect(heard(after.sink)).toEqual(['b']);
  });

  it('is told once to a stream that goes live while others are still being told', async () => {
    const transport = epochal();
    const hub = await startHub({ transport });
    class SlowSink extends RecordingSink {
      override send(frame: Frame): void {
        for (const until = performance.now() + 0.2; performance.now() < until;);
        super.send(frame);
      }
    }
    const many = Array.from({ length: 300 }, () => follow(hub, [exact('t')], { sink: new SlowSink() }));
    const followers = await Promise.all(many);
    transport.wipe();
    await new Promise((resolve) => setImmediate(resolve));
    const late = await follow(hub, [exact('t')], { from: 'lost' });
    expect(followers.at(-1)!.sink.frames, 'others are being told').toEqual([]);
    await hub.publish([update('after')]);
    await expect.poll(() => followers.at(-1)!.sink.ids, { timeout: 20_000 }).toEqual(['after']);
    for (const { sink } of followers) expect(sink.frames.filter(({ gap }) => gap)).toHaveLength(1);
    expect(late.sink.frames.filter(({ gap }) => gap)).toHaveLength(1);
    expect(late.sink.ids).toEqual(['after']);
  });

  it('begins the ids anew: those of before are no cursors any more, the newest that is kept is one', async () => {
    const transport = epochal();
    const hub = await startHub({ transport, heartbeatMs: 20 });
    await hub.publish([update('a')]);
    await quiet();
    const stream = await follow(hub, [exact('elsewhere')]);
    transport.wipe();
    await quiet();
    expect(hub.lastEventId).toBeUndefined();
    transport.wipe({ id: 'kept', private: false });
    await quiet();
    expect(hub.lastEventId).toBe('kept');
    transport.wipe({ id: 'secret', private: true });
    await quiet();
    expect(hub.lastEventId).toBe('secret');
    const late = await follow(hub, [exact('t')], { from: 'lost' });
    await expect.poll(() => heard(late.sink), settings).toEqual(['gap after lost, from undefined']);
    expect(heard(stream.sink)).toEqual([
      'gap after undefined, from undefined',
      'gap after undefined, from kept',
      'gap after kept, from undefined',
    ]);
    expect(stream.sink.text + late.sink.text).not.toContain('secret');
    await hub.shutdown(0);
  });

  it('is where a stream begins that asks for everything kept: it waits for nothing and misses nothing', async () => {
    const transport = epochal();
    const hub = await startHub({ transport });
    await hub.publish([update('a')]);
    await quiet();
    transport.wipe();
    await quiet();
    const { sink, subscriber } = await follow(hub, [exact('t')], { from: 'earliest' });
    await expect.poll(() => subscriber.liveAfter, settings).toBeLessThan(Infinity);
    await hub.publish([update('b')]);
    await quiet();
    expect(heard(sink)).toEqual(['b']);
  });

  it('is not told on streams where that is turned off; they go on', async () => {
    const transport = epochal();
    const hub = await startHub({ transport, gapEvents: false });
    const { sink } = await follow(hub, [exact('t')]);
    transport.wipe();
    await hub.publish([update('a')]);
    await quiet();
    expect(heard(sink)).toEqual(['a']);
  });
});

describe('a node that starts on a history', () => {
  it('knows the newest id there, and tells it on streams where it is public', async () => {
    const hub = await startHub({ transport: epochal({}, { id: 'newest', private: false }) });
    expect(hub.lastEventId).toBe('newest');
    const { sink } = await follow(hub, [exact('t')], { from: 'lost' });
    await expect.poll(() => heard(sink), settings).toEqual(['gap after lost, from newest']);
    expect(sink.text).toContain('id: newest\n');
  });

  it('tells nothing of it where it is private', async () => {
    const hub = await startHub({ transport: epochal({}, { id: 'secret', private: true }), heartbeatMs: 20 });
    expect(hub.lastEventId).toBe('secret');
    const { sink } = await follow(hub, [exact('t')], { from: 'lost' });
    await expect.poll(() => sink.frames.length, settings).toBeGreaterThan(3);
    expect(heard(sink)).toEqual(['gap after lost, from undefined']);
    expect(sink.text).not.toContain('secret');
    await hub.shutdown(0);
  });
});

describe('many streams that come back at once', () => {
  it('ask the store once for each id and each page, while updates come in', async () => {
    const transport = epochal();
    const hub = await startHub({ transport });
    await hub.publish(Array.from({ length: 2000 }, (_, index) => update(`u${index}`)));
    await quiet();
    const request = { matchers: [exact('t')], grants: NO_GRANTS, client: 'c', bounded: true };
    const followers = Array.from({ length: 500 }, () => {
      const sink = new RecordingSink();
      hub.begin(hub.registerNow(request), sink, 'u99');
      return { sink };
    });
    for (let late = 0; late < 20; late++) {
      await hub.publish([update(`late${late}`)]);
      await new Promise((resume) => setTimeout(resume, 1));
    }
    const behind = () => followers.filter(({ sink }) => sink.ids.length < 1920);
    await expect.poll(behind, settings).toEqual([]);
    for (const { sink } of followers) expect(sink.ids).toEqual(followers[0]!.sink.ids);
    expect(transport.asked.locates).toBe(1);
    // Four full pages, and at most one more for each of what came meanwhile: not five hundred times that.
    expect(transport.asked.reads).toBeLessThan(30);
  });

  it('are answered by what the store knew after they asked, not before', async () => {
    const inner = memory();
    const hub = await startHub({ transport: inner });
    const early = hub.locate('a');
    // Appended by another node, and sent to a client that is here already, all in one long tick.
    await inner.append([update('a')]);
    expect(await hub.locate('a')).toMatchObject({ found: true });
    expect(await early).toMatchObject({ found: true });
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_GRANTS } from '../../src/authorization/grants.js';
import type { RetainsUpdates } from '../../src/transport/abilities.js';
import { memory, type MemoryTransport } from '../../src/transport/memory-transport.js';
import { ALL } from '../../src/topic/matcher.js';
import type { Transport } from '../../src/transport/transport.js';
import { exact, follow, quiet, RecordingSink, startHub, update } from './support.js';

const turn = () => new Promise<void>((resume) => setImmediate(resume));
const retain = { maxTopics: 100 };
const on = (id: string, ...topics: string[]) => update(id, { topics });
const secret = (id: string, ...topics: string[]) => update(id, { topics, private: true });
const granted = (...topics: string[]) => ({ ...NO_GRANTS, subscribe: topics.map(exact) });

/** A transport that is asked when `ask` does it, and whose answer comes when that says so. */
function asking(
  inner: MemoryTransport,
  ask: <T>(question: () => Promise<T>) => Promise<T>,
): Transport & RetainsUpdates {
  return {
    durability: 'process',
    start: (listener) => inner.start(listener),
    append: (updates, kind) => inner.append(updates, kind),
    locate: (id) => inner.locate(id),
    earliest: () => inner.earliest(),
    read: (after, until) => ask(() => inner.read(after, until)),
    retain: (bounds) => inner.retain(bounds),
    latest: (topics, until) => ask(() => inner.latest(topics, until)),
    close: () => inner.close(),
  };
}

describe('a stream without a cursor, where updates are retained', () => {
  it('begins with the newest update of each exact topic it asks for, in order, and goes on live', async () => {
    const hub = await startHub({ transport: memory({ maxUpdates: 3 }), retain });
    await hub.publish([on('1', 'a'), on('2', 'b'), on('3', 'a', 'c'), on('4', 'b'), on('5', 'd')]);
    for (let index = 0; index < 10; index++) await hub.publish([on(`x${index}`, 'busy')]);
    await quiet();
    const { sink } = await follow(hub, [exact('b'), exact('c'), exact('a'), exact('never')]);
    await quiet();
    expect(sink.ids).toEqual(['3', '4']);
    await hub.publish([on('6', 'a'), on('7', 'd'), on('8', 'never')]);
    await quiet();
    expect(sink.ids).toEqual(['3', '4', '6', '8']);
  });

  it('is given private ones only where it may receive them', async () => {
    const hub = await startHub({ retain });
    await hub.publish([on('1', 'a'), secret('2', 'a'), secret('3', 'b'), secret('4', 'c', 'of-c')]);
    await quiet();
    const topics = [exact('a'), exact('b'), exact('c')];
    const stranger = await follow(hub, topics);
    const some = await follow(hub, topics, { grants: granted('b', 'of-c') });
    const all = await follow(hub, topics, { grants: { ...NO_GRANTS, subscribe: [ALL] } });
    await quiet();
    expect([stranger.sink.ids, some.sink.ids, all.sink.ids]).toEqual([[], ['3', '4'], ['2', '3', '4']]);
  });

  it('is given nothing of patterns and of everything, nor with a cursor, nor where that is off', async () => {
    const hub = await startHub({ retain });
    await hub.publish([on('1', 'https://example.com/a'), on('2', 'https://example.com/b')]);
    await quiet();
    const everything = await follow(hub, [ALL]);
    const pattern = await follow(hub, [{ type: 'urlpattern', pattern: 'https://example.com/*' }]);
    const back = await follow(hub, [exact('https://example.com/a')], { from: '1' });
    const off = await startHub();
    await off.publish([on('1', 'a')]);
    await quiet();
    const plain = await follow(off, [exact('a')]);
    await quiet();
    for (const { sink } of [everything, pattern, back, plain]) expect(sink.ids).toEqual([]);
  });

  it('misses nothing and hears nothing twice, wherever publishing falls between its steps', async () => {
    await fc.assert(
      fc.asyncProperty(
        // What is published is dispatched in the turns between the steps.
        fc.scheduler({ act: (step) => step().then(turn) }),
        fc.array(fc.constantFrom('t', 'other'), { maxLength: 8 }),
        fc.array(fc.constantFrom('t', 'other'), { minLength: 1, maxLength: 20 }),
        async (scheduler, before, during) => {
          const transport = asking(memory(), async (question) => {
            await scheduler.schedule(Promise.resolve());
            return scheduler.schedule(question());
          });
          const hub = await startHub({ transport, retain });
          const accepted: string[] = [];
          hub.updates$.subscribe(({ id, topics }) => topics[0] === 't' && accepted.push(id));
          await hub.publish(before.map((topic, index) => on(`b${index}`, topic)));
          await quiet();
          const known = accepted.length;
          for (const [index, topic] of during.entries()) {
            void scheduler.schedule(Promise.resolve()).then(() => hub.publish([on(`d${index}`, topic)]));
          }
          const { sink } = await follow(hub, [exact('t')]);
          const late = scheduler.schedule(Promise.resolve()).then(() => follow(hub, [exact('t')]));
          for (let turn = 0; turn < 5; turn++) {
            await scheduler.waitAll();
            await quiet();
          }
          const isEnd = (heard: readonly string[], atLeast: number) => {
            expect(heard).toEqual(accepted.slice(accepted.length - heard.length));
            expect(heard.length).toBeGreaterThanOrEqual(Math.max(atLeast, Math.min(accepted.length, 1)));
          };
          // The newest, and everything that came after it: of two values the older one may be left out.
          isEnd(sink.ids, accepted.length - known);
          isEnd((await late).sink.ids, 0);
          await hub.shutdown(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is told at once from where to come back, so that an update of long ago is no gap', async () => {
    const hub = await startHub({ transport: memory({ maxUpdates: 2 }), retain });
    await hub.publish([on('old', 'a'), on('1', 'b'), on('2', 'b'), on('3', 'b')]);
    await quiet();
    const { sink, subscriber } = await follow(hub, [exact('a')]);
    await quiet();
    expect(sink.ids).toEqual(['old']);
    expect(subscriber.lastId).toBe('3');
    hub.leave(subscriber);
    const back = await follow(hub, [exact('a')], { from: subscriber.lastId! });
    await hub.publish([on('new', 'a')]);
    await quiet();
    expect(back.sink.frames.some(({ gap }) => gap)).toBe(false);
    expect(back.sink.ids).toEqual(['new']);
  });

  it('is told no cursor that is older than what it was given', async () => {
    const hub = await startHub({ retain });
    await hub.publish([on('public', 'b'), secret('private', 'a')]);
    await quiet();
    const { sink, subscriber } = await follow(hub, [exact('a')], { grants: granted('a') });
    await quiet();
    expect([sink.ids, subscriber.lastId]).toEqual([['private'], 'private']);
    hub.leave(subscriber);
    const back = await follow(hub, [exact('a')], { grants: granted('a'), from: subscriber.lastId! });
    await quiet();
    expect(back.sink.ids).toEqual([]);
  });

  it('waits for a transport that is away, and misses nothing meanwhile', async () => {
    let tries = 0;
    const inner = memory();
    const transport = asking(inner, (question) => question());
    transport.latest = (topics, until) =>
      tries++ === 0 ? Promise.reject(new Error('away')) : inner.latest(topics, until);
    const hub = await startHub({ transport, retain });
    await hub.publish([on('1', 'a')]);
    await quiet();
    const { sink } = await follow(hub, [exact('a')]);
    await hub.publish([on('2', 'b'), on('3', 'a')]);
    await expect.poll(() => sink.ids, { timeout: 20_000 }).toEqual(['3']);
  });

  it('asks the transport once with all who come in the same moment', async () => {
    const inner = memory();
    let asked = 0;
    const transport = asking(inner, (question) => question());
    transport.latest = (topics, until) => {
      asked++;
      return inner.latest(topics, until);
    };
    const hub = await startHub({ transport, retain });
    await hub.publish([on('1', 'a')]);
    await quiet();
    const followers = await Promise.all(Array.from({ length: 200 }, () => follow(hub, [exact('a')])));
    await quiet();
    for (const { sink } of followers) expect(sink.ids).toEqual(['1']);
    expect(asked).toBe(1);
  });

  it('is given more than a frame holds in several, each when its reader has taken the one before', async () => {
    const hub = await startHub({ retain, transport: memory({ maxBytes: 0 }) });
    const data = 'x'.repeat(600_000);
    for (const topic of ['a', 'b', 'c']) await hub.publish([update(topic, { topics: [topic], data })]);
    await quiet();
    const sink = new RecordingSink();
    sink.stalled = true;
    await follow(hub, [exact('a'), exact('b'), exact('c')], { sink });
    await quiet();
    expect(sink.ids).toEqual(['a']);
    sink.stalled = false;
    sink.drain();
    await quiet();
    expect(sink.ids).toEqual(['a', 'b', 'c']);
  });
});

import { describe, expect, it } from 'vitest';
import { HANG_GUARD_MS } from '../support/byte-log.js';
import { eventually } from '../support/eventually.js';
import { type HubProcess, startHub } from './crowd/start-hub.js';
import { openAll, Stream } from './crowd/streams.js';
import { IS_LONG, longOr, pause } from './support/runs.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const TOPIC = 'https://example.com/1';
const BOUND = 256 * KIB;
/** A kibibyte a second, as TCP lets it: what the kernel has taken for a reader is not the hub's. */
const TRICKLE_MS = 1000;

/** How often the hub said why it cut a stream. */
function cut(hub: HubProcess): number {
  return hub.output.text.split('was cut: it reads too slowly').length - 1;
}

/** Reads a kibibyte a second until it is stopped. */
function trickle(streams: readonly Stream[]): () => void {
  const timer = setInterval(() => {
    for (const stream of streams) stream.takeSome(KIB);
  }, TRICKLE_MS);
  return () => clearInterval(timer);
}

const numbers = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => String(from + index));

describe('Readers of a kibibyte a second', () => {
  it(
    'while a mebibyte a second is published, are cut at their bound, for the reason `slow`; the others hear everything in order',
    { timeout: longOr(600_000, 300_000) },
    async () => {
      const slowCount = longOr(20, 5);
      const quickCount = longOr(200, 5);
      const size = 64 * KIB;
      const hub = await startHub({
        transport: { memory: { maxUpdates: 16 } },
        options: { maxBufferedBytes: BOUND, dispatchTimeoutMs: 0, heartbeatMs: 0 },
      });
      const quick = await openAll(quickCount, () => ({ port: hub.port, topic: TOPIC }));
      const slow = await openAll(slowCount, () => ({ port: hub.port, topic: TOPIC }));
      const latencies: Record<'before' | 'meanwhile', number[]> = { before: [], meanwhile: [] };
      const publish = async (from: number, count: number, into: number[]): Promise<void> => {
        for (const id of numbers(from, count)) {
          const started = performance.now();
          await hub.call('publishSeries', { topics: [TOPIC], from: Number(id), count: 1, bytes: size });
          await Promise.all(quick.map((stream) => stream.hears(id)));
          into.push(performance.now() - started);
          if (IS_LONG) await pause(Math.max(0, 1000 / 16 - (performance.now() - started)));
        }
      };
      // All of them read: what the hub takes with nobody slow.
      const warm = 20;
      await publish(0, warm, latencies.before);
      const before = await hub.call('memory');
      for (const stream of slow) stream.pause();
      const stop = trickle(slow);
      let queued = 0;
      let rss = 0;
      let total = warm;
      // What the kernel takes for one that reads nothing is some megabytes, and comes before the bound.
      for (; total < 1000 && (await hub.call('connections')) > quickCount; total++) {
        await publish(total, 1, latencies.meanwhile);
        queued = Math.max(queued, ...(await hub.call('queuedBytes')));
        if (total % 20 === 0) rss = Math.max(rss, (await hub.call('memory')).rss);
      }
      stop();
      await eventually('all slow ones are cut', () => cut(hub) === slowCount);
      expect(await hub.call('connections')).toBe(quickCount);
      // At the last look it was within the bound; then came one batch.
      expect(queued).toBeGreaterThan(BOUND / 4);
      expect(queued).toBeLessThanOrEqual(BOUND + size + KIB);
      const after = await hub.call('memory');
      expect(held(after) - held(before)).toBeLessThanOrEqual(BOUND * slowCount * 1.1);
      for (const stream of quick) expect(stream.ids).toEqual(numbers(0, total));
      for (const stream of slow) {
        stream.resume();
        await stream.ended;
        // It heard a part, without a hole, and comes back with its cursor for the rest.
        expect(stream.ids).toEqual(numbers(0, stream.ids.length));
        expect(stream.ids.length).toBeLessThan(total);
      }
      report('slow readers', {
        p99: { before: p99(latencies.before), meanwhile: p99(latencies.meanwhile) },
        queued,
        grown: { rss: rss - before.rss, held: held(after) - held(before) },
        bound: BOUND * slowCount,
      });
    },
  );

  it(
    `that are ${longOr('1,000,000', '50,000')} updates behind hold one page of the history each, and what is published meanwhile not at all`,
    { timeout: longOr(1_200_000, 300_000) },
    async () => {
      const slowCount = longOr(20, 5);
      const kept = longOr(1_000_000, 50_000);
      const meanwhile = longOr(50_000, 5000);
      const hub = await startHub({
        transport: { memory: { maxUpdates: 2 * kept, maxBytes: 0 } },
        options: { maxBufferedBytes: BOUND, dispatchTimeoutMs: 0, heartbeatMs: 0 },
      });
      await hub.call('publishSeries', { topics: [TOPIC], from: 0, count: kept, bytes: 400 });
      const before = await hub.call('memory');
      const slow = Array.from({ length: slowCount }, () => {
        const stream = new Stream(hub.port, { topic: TOPIC, lastEventId: '0' });
        stream.pause();
        return stream;
      });
      await expect.poll(() => hub.call('connections'), { timeout: HANG_GUARD_MS }).toBe(slowCount);
      const live = await openAll(5, () => ({ port: hub.port, topic: TOPIC }));
      const stop = trickle(slow);
      await hub.call('publishSeries', { topics: [TOPIC], from: kept, count: meanwhile, bytes: 400 });
      const last = String(kept + meanwhile - 1);
      await Promise.all(live.map((stream) => stream.hears(last)));
      const queued = await hub.call('queuedBytes');
      const after = await hub.call('memory');
      stop();
      expect(queued.length).toBe(slowCount + live.length);
      // A page is 500 updates or a mebibyte.
      for (const bytes of queued) expect(bytes).toBeLessThanOrEqual(MIB + KIB);
      expect(after.external - before.external).toBeLessThanOrEqual(slowCount * MIB);
      const [one, ...others] = slow;
      for (const stream of others) stream.drop();
      one!.resume();
      await one!.hears(last);
      expect(one!.ids).toEqual(numbers(1, kept + meanwhile - 1));
      report('slow replay', {
        queued: Math.max(...queued),
        grown: { rss: after.rss - before.rss, external: after.external - before.external },
      });
    },
  );
});

function held({ heapUsed, external }: NodeJS.MemoryUsage): number {
  return heapUsed + external;
}

function p99(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return Math.round(sorted[Math.floor(sorted.length * 0.99)]!);
}

function report(what: string, figures: object): void {
  if (IS_LONG) console.log(what, JSON.stringify(figures));
}

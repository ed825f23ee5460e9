import { describe, expect, it } from 'vitest';
import { HANG_GUARD_MS } from '../support/byte-log.js';
import { type HubProcess, startHub, startPlain } from './crowd/start-hub.js';
import { dropAll, openAll, Stream } from './crowd/streams.js';
import { IS_LONG, longOr } from './support/runs.js';

const TOPIC = 'https://example.com/1';
/** A kibibyte in a thousand; of fewer, what Node itself does to the heap meanwhile counts more. */
const BYTES_EACH = longOr(1.024, 100);
const NOTHING = {
  subscribers: 0,
  clients: 0,
  audiences: 0,
  entries: 0,
  units: 0,
  present: 0,
  sockets: 0,
};

/** Everything of subscribers is counted down. */
async function isEmpty(hub: HubProcess): Promise<void> {
  await expect.poll(() => hub.call('gauges'), { timeout: HANG_GUARD_MS }).toEqual(NOTHING);
}

describe('A crowd of subscribers', () => {
  it(
    `of ${longOr('10,000', '1,000')} that are idle leaves: every gauge is 0, and the heap is what it was, within 5 %`,
    { timeout: longOr(600_000, 300_000) },
    async () => {
      const count = longOr(10_000, 1000);
      const hub = await startHub({ transport: { memory: {} }, options: { heartbeatMs: 0 } });
      const crowd = (port: number): Promise<Stream[]> => openAll(count, () => ({ port, topic: TOPIC }));
      // What is made once for all is there: code, its caches, and tables that have grown.
      for (let pass = 0; pass < 2; pass++) {
        await dropAll(await crowd(hub.port));
        await isEmpty(hub);
      }
      const before = await hub.call('memory');
      const streams = await crowd(hub.port);
      const during = await hub.call('memory');
      expect(await hub.call('connections')).toBe(count);
      await dropAll(streams);
      await isEmpty(hub);
      const after = await hub.call('memory');
      expect(after.heapUsed).toBeLessThanOrEqual(before.heapUsed * 1.05);

      if (!IS_LONG) return;
      const plain = await startPlain();
      await dropAll(await crowd(plain.port));
      const plainBefore = await plain.call('memory');
      const plainStreams = await crowd(plain.port);
      const plainDuring = await plain.call('memory');
      await dropAll(plainStreams);
      const each = (one: NodeJS.MemoryUsage, other: NodeJS.MemoryUsage) => ({
        rss: Math.round((other.rss - one.rss) / count),
        heap: Math.round((other.heapUsed - one.heapUsed) / count),
      });
      console.log(
        'idle, bytes each',
        JSON.stringify({ hub: each(before, during), plain: each(plainBefore, plainDuring) }),
      );
    },
  );

  it(
    `that comes and goes ${longOr('100,000', '3,000')} times leaves every gauge at 0, and less than ${BYTES_EACH} bytes each`,
    { timeout: longOr(1_200_000, 300_000) },
    async () => {
      const hub = await startHub({
        transport: { memory: {} },
        // Events about them are a history of their own, which is full after some thousands.
        options: { heartbeatMs: 0, subscriptions: IS_LONG },
      });
      const rounds = longOr(20, 3);
      const perRound = longOr(5000, 1000);
      const heaps: number[] = [];
      let number = 0;
      const come = async (): Promise<void> => {
        for (let left = perRound; left > 0; left -= 100) {
          // Every other with a topic of its own, and a cursor; some go before they are answered.
          const streams = Array.from({ length: 100 }, () => {
            const own = number++ % 2 === 0;
            const settings = own ? { topic: `${TOPIC}/${number}`, lastEventId: '0' } : { topic: TOPIC };
            return new Stream(hub.port, settings);
          });
          const answered = streams.filter((_stream, index) => index % 10 !== 0);
          await Promise.all(answered.map((stream) => stream.live));
          await dropAll(streams);
        }
      };
      for (let round = 0; round < longOr(3, 1); round++) await come();
      for (let round = 0; round < rounds; round++) {
        await come();
        await isEmpty(hub);
        heaps.push((await hub.call('memory')).heapUsed);
      }
      const each = slope(heaps) / perRound;
      if (IS_LONG) console.log('comings and goings, bytes each', each, JSON.stringify(heaps));
      expect(each, heaps.join(', ')).toBeLessThan(BYTES_EACH);
    },
  );
});

/** Of the line that lies nearest to values one apart. */
function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const rise = values.reduce((sum, value, at) => sum + (at - middle) * (value - mean), 0);
  return rise / values.reduce((sum, _value, at) => sum + (at - middle) ** 2, 0);
}

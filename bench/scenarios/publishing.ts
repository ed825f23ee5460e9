import { costOf } from '../measure.js';
import { Child } from '../process/child.js';
import type { PublisherHandlers } from '../publisher/main.js';
import type { Settings } from '../settings.js';
import { startSystem, type SystemName } from '../systems.js';
import { PLAIN_LOAD } from '../wire/load.js';
import { DATA_BYTES } from '../wire/payload.js';
import { over, type Scenario } from './scenario.js';

/** Publications over HTTP that nobody follows: what taking one on costs. */
export function publishing(publishers: number, settings: Settings): Scenario<SystemName> {
  const count = Math.ceil((settings.quick ? 500 : 10_000) / publishers) * publishers;
  const rate = (one: SystemName, other: SystemName) => over('perCpuSecond', one, other);
  return {
    name: `publishing-${publishers}`,
    title: `Publishing over HTTP on ${publishers} connection${publishers === 1 ? '' : 's'}`,
    method:
      'Forms with 400 bytes of data on connections that are kept, each the next when the last was answered. The bare ' +
      "handler is a Nest controller's, on the same adapter: it has the form parsed and looks a token up in a Map.",
    metrics: [
      { name: 'cpu', label: 'CPU per publication', unit: 'µs' },
      { name: 'perCpuSecond', label: 'publications per CPU-second', unit: '/s' },
      { name: 'perSecond', label: 'publications per second', unit: '/s' },
    ],
    contestants: [
      'nest-post-express',
      'nest-post-fastify',
      'hub-express',
      'hub-fastify',
      'hub-standalone',
      'peer',
    ],
    connections: publishers,
    ratios: [
      {
        label: 'hub on Fastify : bare handler, publications per CPU-second',
        of: rate('hub-fastify', 'nest-post-fastify'),
        goal: { atLeast: 0.8 },
      },
      {
        label: 'hub on Express : bare handler, publications per CPU-second',
        of: rate('hub-express', 'nest-post-express'),
        goal: { atLeast: 0.8 },
      },
      { label: 'standalone hub : peer, publications per CPU-second', of: rate('hub-standalone', 'peer') },
    ],
    async measure(contestant) {
      const system = await startSystem(contestant, settings);
      const client = Child.start<PublisherHandlers>('publisher/main.js');
      try {
        const { host, port, path } = system.addresses[0]!;
        const target = { host, port, path, token: system.token };
        await client.call('connect', { target, count: publishers });
        const load = { ...PLAIN_LOAD, publishers, dataBytes: DATA_BYTES };
        await client.call('run', { ...load, count: Math.ceil(count / 4 / publishers) * publishers });
        const { cpuSeconds, seconds } = await costOf(
          system,
          () => client.call('run', { ...load, count }),
          settings.profiles && `${settings.profiles}/${contestant}-publishing-${publishers}.cpuprofile`,
        );
        return {
          cpu: (cpuSeconds / count) * 1e6,
          perCpuSecond: count / cpuSeconds,
          perSecond: count / seconds,
        };
      } catch (error) {
        throw new Error(`${contestant}: ${(error as Error).message}`, { cause: error });
      } finally {
        await client.stop();
        await system.stop();
      }
    },
  };
}

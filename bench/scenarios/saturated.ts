import { Session } from '../session.js';
import type { Settings } from '../settings.js';
import type { SystemName } from '../systems.js';
import { over, type Scenario } from './scenario.js';

const PUBLISHERS = 64;
/** What contestants publish that write every update by itself, and those that write what has come together. */
const UPDATES_ONE_BY_ONE = 256;
const UPDATES_TOGETHER = 6400;

/** As many updates as are accepted: what a delivery costs when there are always more of them. */
export function saturated(streams: number, settings: Settings): Scenario<SystemName> {
  const scale = settings.quick ? 1 / 4 : 1;
  const updates = (name: SystemName) =>
    PUBLISHERS * Math.ceil((scale * (isHub(name) ? UPDATES_TOGETHER : UPDATES_ONE_BY_ONE)) / PUBLISHERS);
  return {
    name: 'saturated',
    title: `Fan-out, saturated: ${PUBLISHERS} publishers to ${streams.toLocaleString('en')} streams`,
    method:
      'Each publisher publishes its next update when the last was accepted; who accepts without an answer is given one ' +
      'each turn of its event loop by every publisher, and writes each by itself.',
    metrics: [
      { name: 'perCpuSecond', label: 'deliveries per CPU-second', unit: '/s' },
      { name: 'perSecond', label: 'deliveries per second', unit: '/s' },
      { name: 'updates', label: 'updates per second', unit: '/s' },
      { name: 'p50', label: 'latency p50', unit: 'ms' },
      { name: 'p99', label: 'latency p99', unit: 'ms' },
    ],
    contestants: [
      'floor',
      'better-sse',
      'nest-sse-express',
      'nest-sse-fastify',
      'hub-express',
      'hub-fastify',
      'hub-standalone',
      'peer',
    ],
    connections: streams,
    ratios: [
      {
        label: 'hub on Fastify : floor, deliveries per CPU-second',
        of: over('perCpuSecond', 'hub-fastify', 'floor'),
        goal: { atLeast: 6 },
      },
      {
        label: 'hub on Express : floor, deliveries per CPU-second',
        of: over('perCpuSecond', 'hub-express', 'floor'),
        goal: { atLeast: 6 },
      },
      {
        label: 'hub on Fastify : Nest @Sse on Fastify',
        of: over('perCpuSecond', 'hub-fastify', 'nest-sse-fastify'),
        goal: { atLeast: 12 },
      },
      {
        label: 'hub on Express : Nest @Sse on Express',
        of: over('perCpuSecond', 'hub-express', 'nest-sse-express'),
        goal: { atLeast: 12 },
      },
      { label: 'hub on Fastify : better-sse', of: over('perCpuSecond', 'hub-fastify', 'better-sse') },
      {
        label: 'standalone hub, published to over HTTP : floor',
        of: over('perCpuSecond', 'hub-standalone', 'floor'),
      },
      { label: 'standalone hub : peer', of: over('perCpuSecond', 'hub-standalone', 'peer') },
    ],
    measure: (contestant) =>
      Session.with(contestant, settings, async (session) => {
        await session.open(streams, { publishers: PUBLISHERS });
        const load = { publishers: PUBLISHERS, count: updates(contestant) };
        await session.deliver({ ...load, count: PUBLISHERS });
        const { cpuSeconds, deliveries, seconds, p50, p99 } = await session.deliver(load);
        return {
          perCpuSecond: deliveries / cpuSeconds,
          perSecond: deliveries / seconds,
          updates: load.count / seconds,
          p50,
          p99,
        };
      }),
  };
}

function isHub(name: SystemName): boolean {
  return name === 'peer' || name.startsWith('hub-');
}

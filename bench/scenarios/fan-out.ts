import { Session } from '../session.js';
import type { Settings } from '../settings.js';
import type { SystemName } from '../systems.js';
import { over, type Scenario } from './scenario.js';

const CONTESTANTS: readonly SystemName[] = [
  'floor',
  'node-http',
  'better-sse',
  'nest-sse-express',
  'nest-sse-fastify',
  'hub-express',
  'hub-fastify',
  'hub-standalone',
  'peer',
];

/** Deliveries a second that all contestants manage, so that none of them falls behind. */
const DELIVERIES_PER_SECOND = 25_000;

/** One update at a time to many streams: what a delivery costs when there is nothing to be saved by doing several. */
export function fanOut(name: string, streams: number, settings: Settings): Scenario<SystemName> {
  const periodMs = (streams / DELIVERIES_PER_SECOND) * 1000;
  const count = settings.quick ? 10 : Math.max(8, Math.round(3000 / periodMs));
  return {
    name,
    title: `Fan-out: one update at a time to ${streams.toLocaleString('en')} streams`,
    method:
      `An update of 400 bytes every ${periodMs} ms. Published in the process where the contestant is a library, over ` +
      'HTTP where it is a hub of its own; latency is from there to the last byte of each delivery.',
    metrics: [
      { name: 'cpu', label: 'CPU per delivery', unit: 'µs' },
      { name: 'p50', label: 'latency p50', unit: 'ms' },
      { name: 'p99', label: 'latency p99', unit: 'ms' },
      { name: 'stall', label: 'longest stall', unit: 'ms' },
    ],
    contestants: CONTESTANTS,
    connections: streams,
    ratios: [
      {
        label: 'hub on Fastify : floor, CPU',
        of: over('cpu', 'hub-fastify', 'floor'),
        goal: { atMost: 1.15 },
      },
      {
        label: 'hub on Express : floor, CPU',
        of: over('cpu', 'hub-express', 'floor'),
        goal: { atMost: 1.15 },
      },
      {
        label: 'standalone hub : floor, CPU',
        of: over('cpu', 'hub-standalone', 'floor'),
        goal: { atMost: 1.15 },
      },
      { label: 'node:http : floor, CPU', of: over('cpu', 'node-http', 'floor') },
      { label: 'better-sse : floor, CPU', of: over('cpu', 'better-sse', 'floor') },
      { label: 'Nest @Sse on Fastify : floor, CPU', of: over('cpu', 'nest-sse-fastify', 'floor') },
      { label: 'Nest @Sse on Express : floor, CPU', of: over('cpu', 'nest-sse-express', 'floor') },
      { label: 'peer : floor, CPU', of: over('cpu', 'peer', 'floor') },
      {
        label: 'longest stall, hub on Express (ms)',
        of: (round) => round('hub-express', 'stall'),
        goal: { atMost: 20 },
      },
      {
        label: 'longest stall, hub on Fastify (ms)',
        of: (round) => round('hub-fastify', 'stall'),
        goal: { atMost: 20 },
      },
    ],
    measure: (contestant) =>
      Session.with(contestant, settings, async (session) => {
        await session.open(streams);
        await session.deliver({ count: Math.ceil(count / 4), periodMs });
        const { cpuSeconds, deliveries, p50, p99 } = await session.deliver({ count, periodMs });
        return {
          cpu: (cpuSeconds / deliveries) * 1e6,
          p50,
          p99,
          ...(await stallOf(session, count / 2, periodMs)),
        };
      }),
  };
}

/** Measured apart: the clock that sees stalls costs CPU itself. */
async function stallOf(session: Session, count: number, periodMs: number): Promise<{ stall?: number }> {
  const { inside } = session.system;
  if (!inside) return {};
  await inside.call('collectGarbage');
  await inside.call('watchStalls');
  await session.deliver({ count: Math.ceil(count), periodMs });
  return { stall: await inside.call('longestStall') };
}

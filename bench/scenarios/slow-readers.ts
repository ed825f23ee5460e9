import { residentBytes } from '../process/usage.js';
import { Session } from '../session.js';
import type { Settings } from '../settings.js';
import type { SystemName } from '../systems.js';
import type { Round, Scenario } from './scenario.js';

const DATA_BYTES = 10_000;
const PERIOD_MS = 25;
/** What a hub keeps queued for a stream that takes nothing, before it cuts it: the default of `maxBufferedBytes`. */
const BOUND_BYTES = 1024 * 1024;

/** One stream in a hundred stops reading, under load: what the others notice, and what it costs to hold. */
export function slowReaders(streams: number, settings: Settings): Scenario<SystemName> {
  const stalled = streams / 100;
  const count = settings.quick ? 40 : 300;
  const p99 = (contestant: SystemName) => (round: Round) => {
    const [alone, beside] = [round(contestant, 'alone'), round(contestant, 'beside')];
    return alone === undefined || beside === undefined ? undefined : beside / alone;
  };
  return {
    name: 'slow-readers',
    title: `Slow readers: ${stalled} of ${streams} streams stop reading`,
    method:
      `${DATA_BYTES / 1000} kB every ${PERIOD_MS} ms, first with all reading, then with the rest. The bound is ` +
      `${BOUND_BYTES / 1024} KiB for each that stalls; what the kernel keeps for it is not the process's memory.`,
    metrics: [
      { name: 'alone', label: 'p99, all reading', unit: 'ms' },
      { name: 'beside', label: 'p99 of the others', unit: 'ms' },
      { name: 'growth', label: 'memory, growth per stalled stream', unit: 'KiB' },
    ],
    contestants: ['node-http', 'hub-express', 'hub-fastify', 'peer'],
    connections: streams,
    ratios: [
      {
        label: "hub on Fastify, the others' p99 : all reading",
        of: p99('hub-fastify'),
        goal: { atMost: 1.1 },
      },
      {
        label: "hub on Express, the others' p99 : all reading",
        of: p99('hub-express'),
        goal: { atMost: 1.1 },
      },
      { label: "node:http, the others' p99 : all reading", of: p99('node-http') },
      {
        label: 'hub on Fastify, memory per stalled stream : bound',
        of: (round) => {
          const growth = round('hub-fastify', 'growth');
          return growth === undefined ? undefined : (growth * 1024) / BOUND_BYTES;
        },
        goal: { atMost: 1.1 },
      },
    ],
    measure: (contestant) =>
      Session.with(contestant, settings, async (session) => {
        const { pids, inside } = session.system;
        await session.open(streams, { dataBytes: DATA_BYTES });
        const load = { count, periodMs: PERIOD_MS, dataBytes: DATA_BYTES };
        await session.deliver({ ...load, count: 40 });
        const { p99: alone } = await session.deliver(load);
        await inside?.call('collectGarbage');
        const before = residentBytes(pids);
        await session.pause(stalled);
        const { p99: beside } = await session.deliver(load);
        await inside?.call('collectGarbage');
        return { alone, beside, growth: (residentBytes(pids) - before) / stalled / 1024 };
      }),
  };
}

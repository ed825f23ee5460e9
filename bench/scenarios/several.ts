import { cpuSeconds } from '../process/usage.js';
import { Session } from '../session.js';
import type { Settings } from '../settings.js';
import { ENGINES, type EngineName } from '../stores/engine.js';
import type { SystemName, SystemOptions } from '../systems.js';
import type { Round, Scenario } from './scenario.js';

const CONTESTANTS = ['one', 'two'] as const;
/** Updates published at once, and so written at once to every stream. */
const BURSTS = [1, 10] as const;

interface Kind {
  readonly name: string;
  readonly title: string;
  readonly method: string;
  readonly system: SystemName;
  readonly engine?: EngineName;
  /** Of one process, or of two. */
  readonly options: (processes: number) => SystemOptions;
}

/** `MERCURE_WORKERS=2` beside one process. */
export function workers(streams: number, settings: Settings): Scenario {
  return several(streams, settings, {
    name: 'workers',
    title: `Two workers beside one: ${streams.toLocaleString('en')} streams`,
    method:
      'The standalone hub with MERCURE_WORKERS=1 and 2; the primary process, which holds the transport, counts.',
    system: 'hub-standalone',
    options: (processes) => ({ workers: processes }),
  });
}

/** Two processes on one store beside one, each with its part of the streams. */
export function nodes(engine: EngineName, streams: number, settings: Settings): Scenario {
  const { title, url } = ENGINES[engine];
  return several(streams, settings, {
    name: `nodes-${engine}`,
    title: `Two nodes beside one on ${title}: ${streams.toLocaleString('en')} streams`,
    method: `Hubs on Fastify, in a process each, on one ${title}, whose own CPU does not count.`,
    system: 'hub-fastify',
    engine,
    options: (processes) => ({ nodes: processes, store: url(HUB) }),
  });
}

const HUB = 'nodes';

function several(streams: number, settings: Settings, kind: Kind): Scenario {
  const { name, title, method, system, engine, options } = kind;
  const duration = settings.quick ? 200 : 3000;
  const beside = (metric: string) => (round: Round) => {
    const [one, two] = CONTESTANTS.map((contestant) => round(contestant, metric));
    return one === undefined || two === undefined ? undefined : two / one;
  };
  return {
    name,
    title,
    method:
      `${method} The same streams in all; one update at a time, and ten at once, published by both in turn. Updates in ` +
      'one write show that both had the same to write.',
    metrics: BURSTS.flatMap((burst) => [
      { name: `perCpuSecond-${burst}`, label: `${burst} at once: deliveries per CPU-second`, unit: '/s' },
      { name: `together-${burst}`, label: `${burst} at once: updates in one write`, unit: '' },
      { name: `share-${burst}`, label: `${burst} at once: share of the busier one`, unit: '' },
    ]),
    contestants: CONTESTANTS,
    connections: streams,
    ...(engine && { engines: [engine] }),
    ratios: BURSTS.flatMap((burst) => [
      {
        label: `two : one, ${burst} at once, deliveries per CPU-second`,
        of: beside(`perCpuSecond-${burst}`),
        goal: { atLeast: 0.85 },
      },
      {
        label: `share of the busier of two, ${burst} at once`,
        of: (round: Round) => round('two', `share-${burst}`),
        goal: { atMost: 0.55 },
      },
      { label: `two : one, ${burst} at once, updates in one write`, of: beside(`together-${burst}`) },
    ]),
    async measure(contestant) {
      if (engine) await ENGINES[engine].clear(HUB);
      const work = async (session: Session) => {
        await session.open(streams, { publishers: 2 });
        const values: Record<string, number> = {};
        for (const burst of BURSTS) {
          const periodMs = (streams / 25_000) * 1000 * (burst === 1 ? 1 : 3);
          const count = Math.max(2, Math.ceil(duration / 2 / periodMs)) * burst;
          for (const as of [0, 1]) await session.deliver({ as, burst, periodMs, count: burst * 2 });
          const spent = await spentBy(session, { burst, periodMs, count });
          values[`perCpuSecond-${burst}`] = spent.deliveries / spent.cpuSeconds;
          values[`together-${burst}`] = spent.deliveries / spent.writes;
          if (contestant === 'two') values[`share-${burst}`] = spent.share;
        }
        return values;
      };
      try {
        return await Session.with(system, settings, work, options(contestant === 'two' ? 2 : 1));
      } finally {
        if (engine) await ENGINES[engine].clear(HUB);
      }
    },
  };
}

/** Both publish, one after the other: who publishes has the more to do. */
async function spentBy(
  session: Session,
  load: { readonly burst: number; readonly periodMs: number; readonly count: number },
): Promise<{ deliveries: number; writes: number; cpuSeconds: number; share: number }> {
  // Of a hub with workers the first process is the primary, which has no streams.
  const serving = session.system.pids.slice(-2);
  const before = serving.map((pid) => cpuSeconds([pid]));
  const [first, second] = [
    await session.deliver({ ...load, as: 0 }),
    await session.deliver({ ...load, as: 1 }),
  ];
  const each = serving.map((pid, index) => cpuSeconds([pid]) - before[index]!);
  return {
    deliveries: first.deliveries + second.deliveries,
    writes: first.writes + second.writes,
    cpuSeconds: first.cpuSeconds + second.cpuSeconds,
    share: Math.max(...each) / each.reduce((sum, one) => sum + one, 0),
  };
}

import { setTimeout as sleep } from 'node:timers/promises';
import { residentBytes } from '../process/usage.js';
import { Session } from '../session.js';
import type { Settings } from '../settings.js';
import type { System, SystemName } from '../systems.js';
import { over, type Scenario } from './scenario.js';

/** How long a process gets to come to rest. Milliseconds. */
const REST_MS = 1000;

/** What an open stream costs while nothing happens. */
export function idleMemory(streams: number, settings: Settings): Scenario<SystemName> {
  return {
    name: 'idle-memory',
    title: `Memory of ${streams.toLocaleString('en')} idle streams`,
    method:
      'Resident memory of the process before and after the streams were opened, after collecting garbage where the ' +
      'process is one of the benchmark.',
    metrics: [{ name: 'bytes', label: 'memory per stream', unit: 'KiB' }],
    contestants: [
      'node-http',
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
        label: 'hub on Fastify : node:http',
        of: over('bytes', 'hub-fastify', 'node-http'),
        goal: { atMost: 1.25 },
      },
      {
        label: 'hub on Express : node:http',
        of: over('bytes', 'hub-express', 'node-http'),
        goal: { atMost: 1.25 },
      },
      { label: 'Nest @Sse on Fastify : node:http', of: over('bytes', 'nest-sse-fastify', 'node-http') },
      { label: 'Nest @Sse on Express : node:http', of: over('bytes', 'nest-sse-express', 'node-http') },
      { label: 'better-sse : node:http', of: over('bytes', 'better-sse', 'node-http') },
      { label: 'peer : standalone hub', of: over('bytes', 'peer', 'hub-standalone') },
    ],
    measure: (contestant) =>
      Session.with(contestant, settings, async (session) => {
        const before = await restingBytes(session.system);
        await session.open(streams);
        const after = await restingBytes(session.system);
        return { bytes: (after - before) / streams / 1024 };
      }),
  };
}

async function restingBytes({ inside, pids }: System): Promise<number> {
  await sleep(REST_MS);
  await inside?.call('collectGarbage');
  return residentBytes(pids);
}

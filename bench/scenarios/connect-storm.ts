import { Session } from '../session.js';
import { cpuSeconds } from '../process/usage.js';
import type { Settings } from '../settings.js';
import type { SystemName } from '../systems.js';
import { idOf, topicOf } from '../wire/load.js';
import { subscriberToken } from '../wire/tokens.js';
import { over, type Scenario } from './scenario.js';

/** What those who come back with a cursor have missed. */
const MISSED = 20;

/** All clients at once: after a deployment, or when a proxy was restarted. */
export function connectStorm(
  kind: 'tokens' | 'cursors',
  streams: number,
  settings: Settings,
): Scenario<SystemName> {
  const told = streams.toLocaleString('en');
  return {
    name: `storm-${kind}`,
    title:
      kind === 'tokens'
        ? `Storm of connections: ${told} at once, each with a token that was never seen`
        : `Storm of connections: ${told} at once, each with the cursor of ${MISSED} updates ago`,
    method:
      'All connections are begun in one tick. They are live when their first bytes have arrived; stalls are those of the ' +
      "contestant's event loop meanwhile.",
    metrics: [
      { name: 'perSecond', label: 'connections per second', unit: '/s' },
      { name: 'cpu', label: 'CPU per connection', unit: 'µs' },
      { name: 'stall', label: 'longest stall', unit: 'ms' },
    ],
    contestants: ['node-http', 'nest-sse-express', 'hub-express', 'hub-fastify', 'peer'],
    connections: streams,
    ratios: [
      {
        label: 'longest stall, hub on Fastify (ms)',
        of: (round) => round('hub-fastify', 'stall'),
        goal: { atMost: 50 },
      },
      {
        label: 'longest stall, hub on Express (ms)',
        of: (round) => round('hub-express', 'stall'),
        goal: { atMost: 50 },
      },
      { label: 'longest stall, node:http (ms)', of: (round) => round('node-http', 'stall') },
      {
        label: 'hub on Fastify : node:http, CPU per connection',
        of: over('cpu', 'hub-fastify', 'node-http'),
      },
      {
        label: 'hub on Express : node:http, CPU per connection',
        of: over('cpu', 'hub-express', 'node-http'),
      },
      {
        label: 'Nest @Sse on Express : node:http, CPU per connection',
        of: over('cpu', 'nest-sse-express', 'node-http'),
      },
    ],
    measure: (contestant) =>
      Session.with(contestant, settings, async (session) => {
        const { system } = session;
        const ids = `urn:bench:${process.hrtime.bigint()}`;
        const replays = kind === 'cursors' && (contestant.startsWith('hub-') || contestant === 'peer');
        if (replays) await session.deliver({ count: MISSED + 1, ids });
        const request = {
          topics: kind === 'tokens' ? streams : 1,
          tokens: kind === 'tokens' ? tokensFor(contestant, streams, system.token) : [],
          atOnce: streams,
          ...(replays ? { lastEventId: idOf(ids, 0), from: 1 } : undefined),
        };
        await system.inside?.call('watchStalls');
        const before = cpuSeconds(system.pids);
        const { startedAt, openedAt } = await session.open(streams, request);
        if (replays) await session.expect(streams * MISSED);
        const cpu = cpuSeconds(system.pids) - before;
        return {
          perSecond: streams / ((openedAt - startedAt) / 1e6),
          cpu: (cpu / streams) * 1e6,
          ...(system.inside && { stall: await system.inside.call('longestStall') }),
        };
      }),
  };
}

function tokensFor(contestant: SystemName, streams: number, own: string): string[] {
  if (contestant === 'peer') return [own];
  return Array.from({ length: streams }, (_, topic) => subscriberToken(topicOf(topic)));
}

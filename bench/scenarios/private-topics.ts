import { Session } from '../session.js';
import type { Settings } from '../settings.js';
import type { SystemName } from '../systems.js';
import { topicOf } from '../wire/load.js';
import { subscriberToken } from '../wire/tokens.js';
import { over, type Scenario } from './scenario.js';

const PUBLISHERS = 50;

/** Every stream its own topic and token, every update for one of them. */
export function privateTopics(streams: number, settings: Settings): Scenario<SystemName> {
  const count = streams * (settings.quick ? 2 : 10);
  return {
    name: 'private-topics',
    title: `Private topics: ${streams.toLocaleString('en')} streams, each with its own topic and token`,
    method:
      `${PUBLISHERS} publishers, each with its next update when the last was accepted; every update is private and for ` +
      'one stream. The floor looks the topic up in a Map, frames the update and writes it.',
    metrics: [
      { name: 'cpu', label: 'CPU per delivery', unit: 'µs' },
      { name: 'perSecond', label: 'updates per second', unit: '/s' },
      { name: 'p50', label: 'latency p50', unit: 'ms' },
      { name: 'p99', label: 'latency p99', unit: 'ms' },
    ],
    contestants: ['floor', 'hub-express', 'hub-fastify', 'hub-standalone', 'peer'],
    connections: streams,
    ratios: [
      {
        label: 'hub on Fastify : floor, CPU',
        of: over('cpu', 'hub-fastify', 'floor'),
        goal: { atMost: 1.5 },
      },
      {
        label: 'hub on Express : floor, CPU',
        of: over('cpu', 'hub-express', 'floor'),
        goal: { atMost: 1.5 },
      },
      { label: 'peer : standalone hub, CPU', of: over('cpu', 'peer', 'hub-standalone') },
    ],
    measure: (contestant) =>
      Session.with(contestant, settings, async (session) => {
        // Only its own operator can make tokens for a peer: there, one for all.
        const tokens =
          contestant === 'peer'
            ? [session.system.token]
            : Array.from({ length: streams }, (_, topic) => subscriberToken(topicOf(topic)));
        await session.open(streams, { topics: streams, tokens, publishers: PUBLISHERS });
        const load = { publishers: PUBLISHERS, topics: streams, private: true };
        await session.deliver({ ...load, count: streams });
        const { cpuSeconds, deliveries, seconds, p50, p99 } = await session.deliver({ ...load, count });
        return { cpu: (cpuSeconds / deliveries) * 1e6, perSecond: count / seconds, p50, p99 };
      }),
  };
}

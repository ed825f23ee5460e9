import { Session } from '../session.js';
import type { Settings } from '../settings.js';
import type { SystemName } from '../systems.js';
import { over, type Scenario } from './scenario.js';

const PERIOD_MS = 50;

/** The same fan-out over TLS, with HTTP/1.1 on a connection each and with HTTP/2 on one for a hundred streams. */
export function secure(streams: number, settings: Settings): Scenario<SystemName> {
  const count = settings.quick ? 10 : 80;
  return {
    name: 'secure',
    title: `Fan-out over TLS and HTTP/2 to ${streams.toLocaleString('en')} streams`,
    method:
      `An update of 400 bytes every ${PERIOD_MS} ms. TLS: a socket of node:tls for every client is the floor. HTTP/2: ` +
      "Node's own server, a hundred streams on a connection.",
    metrics: [
      { name: 'cpu', label: 'CPU per delivery', unit: 'µs' },
      { name: 'p50', label: 'latency p50', unit: 'ms' },
      { name: 'p99', label: 'latency p99', unit: 'ms' },
    ],
    contestants: ['floor-tls', 'hub-tls', 'node-http2', 'hub-http2'],
    connections: streams,
    ratios: [
      {
        label: 'hub over TLS : floor over TLS, CPU',
        of: over('cpu', 'hub-tls', 'floor-tls'),
        goal: { atMost: 1.15 },
      },
      {
        label: 'hub over HTTP/2 : node:http2, CPU',
        of: over('cpu', 'hub-http2', 'node-http2'),
        goal: { atMost: 1.15 },
      },
    ],
    measure: (contestant) =>
      Session.with(contestant, settings, async (session) => {
        await session.open(streams);
        await session.deliver({ count: Math.ceil(count / 4), periodMs: PERIOD_MS });
        const { cpuSeconds, deliveries, p50, p99 } = await session.deliver({ count, periodMs: PERIOD_MS });
        return { cpu: (cpuSeconds / deliveries) * 1e6, p50, p99 };
      }),
  };
}

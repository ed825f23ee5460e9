// A hub in a process of its own, which can be asked for what is inside it.
import 'reflect-metadata';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ConsoleLogger } from '@nestjs/common';
import { answerCalls } from '../../../bench/process/calls.js';
import type { Subscriber } from '../../../src/subscriber/subscriber.js';
import { memory } from '../../../src/transport/memory-transport.js';
import { redis } from '../../../src/transport/redis/redis-transport.js';
import type { Transport } from '../../../src/transport/transport.js';
import { typeOrm, type TypeOrmTransport } from '../../../src/typeorm.js';
import type { UpdateInput } from '../../../src/update/update.js';
import { createHubApp, type HubApp, type HubAppSettings } from '../../support/hub-app.js';
import { countStatements, resetStatements, type Statements, statements } from './statements.js';

/** What can be told to another process. */
export interface HubSettings extends Pick<HubAppSettings, 'adapter' | 'options'> {
  readonly transport: {
    readonly memory?: Parameters<typeof memory>[0];
    readonly typeOrm?: Parameters<typeof typeOrm>[0];
    readonly redis?: Parameters<typeof redis>[0];
  };
}

/** So many updates, each to one of the topics in turn; their ids are their numbers. */
export interface Series {
  readonly topics: readonly string[];
  readonly from: number;
  readonly count: number;
  /** Of the data of each. */
  readonly bytes?: number;
}

const AT_ONCE = 1000;

let hub: HubApp;
let transport: Transport;
let looksBefore = 0;
const delays = monitorEventLoopDelay({ resolution: 1 });

function transportOf(settings: HubSettings['transport']): Transport {
  if (settings.typeOrm) return typeOrm(settings.typeOrm);
  return settings.redis ? redis(settings.redis) : memory(settings.memory);
}

/** What of subscribers is anywhere in the hub. */
interface Insides {
  readonly audiences: {
    readonly byKey: ReadonlyMap<string, unknown>;
    readonly index: {
      readonly units: number;
      readonly entries: Readonly<Record<string, ReadonlyMap<string, unknown>>>;
    };
  };
  readonly registry: Iterable<Subscriber> & { readonly clients: ReadonlyMap<string, unknown> };
  readonly presence?: { readonly present: ReadonlyMap<unknown, unknown> };
}

const handlers = {
  async start({ transport: made, adapter = 'fastify', options }: HubSettings): Promise<number> {
    transport = transportOf(made);
    await countStatements(made);
    hub = await createHubApp({ adapter, options: { ...options, transport } });
    // Nest's own for tests tells no warning.
    hub.app.useLogger(new ConsoleLogger());
    return hub.port;
  },
  /** The least that could stand in its place: `node:http` that answers each request with a head and a first line. */
  startPlain(): Promise<number> {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write(':\n');
    });
    const listening = () => (server.address() as AddressInfo).port;
    return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(listening())));
  },
  publish: (updates: readonly UpdateInput[]) => hub.service.publishMany(updates),
  async publishSeries({ topics, from, count, bytes = 0 }: Series): Promise<void> {
    const data = 'x'.repeat(bytes);
    for (let next = from; next < from + count; next += AT_ONCE) {
      const size = Math.min(AT_ONCE, from + count - next);
      const numbers = Array.from({ length: size }, (_, index) => next + index);
      await hub.service.publishMany(
        numbers.map((number) => ({ topic: topics[number % topics.length]!, id: String(number), data })),
      );
    }
  },
  /** Everything that is counted of subscribers. */
  async gauges() {
    const { audiences, registry, presence } = hub.hub as unknown as Insides;
    return {
      subscribers: hub.hub.connections,
      clients: registry.clients.size,
      audiences: audiences.byKey.size,
      entries: Object.values(audiences.index.entries).reduce((sum, { size }) => sum + size, 0),
      units: audiences.index.units,
      present: presence?.present.size ?? 0,
      sockets: await connectionsOf(hub.server),
    };
  },
  connections: () => hub.hub.connections,
  /** Subscriptions of all nodes. */
  listed: async () => (await hub.hub.subscriptions()).length,
  /** What waits for each subscriber to read. */
  queuedBytes: () =>
    [...(hub.hub as unknown as Insides).registry].map(({ sink }) => sink?.queuedBytes() ?? 0),
  /** Bytes, after the garbage is collected. */
  async memory() {
    for (let pass = 0; pass < 3; pass++) {
      globalThis.gc!();
      await new Promise((resume) => setImmediate(resume));
    }
    return process.memoryUsage();
  },
  watchStalls() {
    delays.reset();
    delays.enable();
  },
  /** The longest the event loop was late since `watchStalls`. Milliseconds. */
  longestStall: () => Math.round(delays.max / 1e6),
  resetStatements() {
    resetStatements();
    looksBefore = looks();
  },
  /** What the store was asked for since, without what looks for what others store. */
  statements(): Statements {
    const { lookUps, pages } = statements();
    return { lookUps, pages: pages - (looks() - looksBefore) };
  },
};

function looks(): number {
  return 'stats' in transport ? (transport as TypeOrmTransport).stats().looks : 0;
}

function connectionsOf(server: Server): Promise<number> {
  return new Promise((told) => server.getConnections((_error, count) => told(count)));
}

export type HubHandlers = typeof handlers;
answerCalls(handlers);

import { describe, it } from 'vitest';
import { memory } from 'nestjs-mercure';
import { transportContract } from 'nestjs-mercure/testing';
import type { PresenceListener, ReportsHealth, SharesPresence } from '../../../src/transport/abilities.js';
import type { Transport, TransportListener } from '../../../src/transport/transport.js';
import type { FromWorker, Line, ToWorker } from '../../../src/transport/workers/messages.js';
import { TransportHost } from '../../../src/transport/workers/transport-host.js';
import { openWorkerTransport } from '../../../src/transport/workers/worker-transport.js';
import type { MemoryTransport } from '../../../src/transport/memory-transport.js';
import { named } from '../../support/named.js';

/** One end of a line within one process: messages are copied, in order, a turn later. */
class End<In, Out> implements Line<In, Out> {
  other!: End<Out, In>;
  private take: ((message: In) => void) | undefined;

  send(message: Out): void {
    const copy = structuredClone(message);
    setImmediate(() => this.other.take?.(copy));
  }

  onMessage(take: (message: In) => void): void {
    this.take = take;
  }

  onClosed(): void {
    // Neither process ends here.
  }
}

/** A worker's transport, which is opened where others are started. */
class Opened implements MemoryTransport, ReportsHealth {
  readonly durability = 'process';
  private transport!: MemoryTransport & SharesPresence & ReportsHealth;
  private retained: { readonly maxTopics: number } | undefined;

  constructor(private readonly host: TransportHost) {}

  async start(listener: TransportListener) {
    const primary = new End<FromWorker, ToWorker>();
    const worker = new End<ToWorker, FromWorker>();
    primary.other = worker;
    worker.other = primary;
    this.host.serve(primary);
    this.transport = (await openWorkerTransport(worker)) as unknown as typeof this.transport;
    if (this.retained) this.transport.retain(this.retained);
    return this.transport.start(listener);
  }

  append: Transport['append'] = (updates, kind) => this.transport.append(updates, kind);
  locate: Transport['locate'] = (id) => this.transport.locate(id);
  earliest: Transport['earliest'] = () => this.transport.earliest();
  read: Transport['read'] = (after, until) => this.transport.read(after, until);
  appendOnce: MemoryTransport['appendOnce'] = (updates, window) => this.transport.appendOnce(updates, window);
  retain: MemoryTransport['retain'] = (bounds) => void (this.retained = bounds);
  latest: MemoryTransport['latest'] = (topics, until) => this.transport.latest(topics, until);
  openPresence = (listener: PresenceListener) => this.transport.openPresence(listener);
  check = () => this.transport.check();
  close = async (): Promise<void> => this.transport?.close();
}

const contract = transportContract<TransportHost>({
  nodes: 'many',
  durability: 'process',
  abilities: ['once', 'retained', 'presence', 'health'],
  makeStore: (bounds) =>
    Promise.resolve(new TransportHost(memory({ maxUpdates: 50_000, ...bounds }), () => undefined)),
  open: (host) => new Opened(host),
  dropStore: (host) => host.close(),
});

/** What a worker does otherwise, and why that is right. */
const OTHERWISE = [
  // Its process ends with it; what it had not taken leave of is told to be lost, see `test/standalone/workers.spec.ts`.
  'keeps nothing of a node that was closed',
  // Nothing is skipped, but its own ring may still have what the store has dropped.
  'drops the oldest past its count',
  // It reads from no store: the primary holds back publishers, past 64 MiB that a worker has not taken.
  'delivers no more to a node that is behind',
];

describe('the transport of a worker', () => {
  const rows = contract.filter(({ promise }) => !OTHERWISE.some((each) => promise.startsWith(each)));
  it.each(named(rows))('%s', (_, { run }) => run());
});

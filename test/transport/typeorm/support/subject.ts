import { DataSource } from 'typeorm';
import type { StoreBounds, TransportUnderTest } from 'nestjs-mercure/testing';
import type { TcpProxy } from '../../../support/tcp-proxy.js';
import { spawnPresenceNode } from '../../support/presence-node.js';
import { openTransport, type Bounds, type Store } from './stores.js';

/** Short enough to wait for its end, long enough for a machine that is busy. Milliseconds. */
const LEASE_MS = 3000;

/** A store, what is kept on it, and a DataSource of an application that is on it as well. */
interface Subject {
  readonly store: Store;
  readonly bounds: Bounds;
  readonly application: Promise<DataSource>;
  readonly turns: Turns;
  readonly proxy?: TcpProxy;
}

/** One after the other. */
class Turns {
  private last: Promise<void> = Promise.resolve();

  /** Resolves, when it is one's turn, with what ends it. */
  async next(): Promise<() => void> {
    const before = this.last;
    let done!: () => void;
    this.last = new Promise((resolve) => (done = resolve));
    await before;
    return done;
  }
}

/** What the contract of transports is played on. */
export function subject(makeStore: () => Promise<Store>, nodes: 'one' | 'many'): TransportUnderTest<Subject> {
  return {
    nodes,
    durability: 'disk',
    abilities: ['once', 'retained', 'presence', 'health', 'joins'],
    async makeStore({ maxUpdates = 0, maxAgeMs = 0 }: StoreBounds) {
      const store = await makeStore();
      const application = new DataSource(store.options).initialize();
      return { store, bounds: { size: maxUpdates, ageMs: maxAgeMs }, application, turns: new Turns() };
    },
    open: ({ store, bounds }) => openTransport(store, { ...bounds, leaseMs: LEASE_MS }),
    async dropStore({ store, application }) {
      await (await application).destroy();
      await store.drop();
    },
    ...(nodes === 'many' && {
      spawn: async ({ store: { url } }, entries) => {
        const node = await spawnPresenceNode({ typeOrm: { url, leaseMs: LEASE_MS } }, entries);
        return node.kill;
      },
    }),
    async begin({ application, turns }) {
      // TypeORM has one runner for a file: transactions at the same time would be one.
      const done = nodes === 'one' ? await turns.next() : () => undefined;
      const runner = (await application).createQueryRunner();
      await runner.startTransaction();
      return {
        transaction: runner,
        commit: async () => {
          await runner.commitTransaction();
          await runner.release();
          done();
        },
        rollback: async () => {
          await runner.rollbackTransaction();
          await runner.release();
          done();
        },
      };
    },
  };
}

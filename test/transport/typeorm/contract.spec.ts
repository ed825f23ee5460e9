import { DataSource } from 'typeorm';
import { describe, it } from 'vitest';
import { transportContract, type StoreBounds, type TransportUnderTest } from 'nestjs-mercure/testing';
import { named } from '../../support/named.js';
import { postgresAnswers } from '../../support/postgres.js';
import type { TcpProxy } from '../../support/tcp-proxy.js';
import { openTransport, postgresStore, sqliteStore, type Bounds, type Store } from './support/stores.js';

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

function subject(makeStore: () => Promise<Store>, nodes: 'one' | 'many'): TransportUnderTest<Subject> {
  return {
    nodes,
    durability: 'disk',
    abilities: ['health', 'joins'],
    async makeStore({ maxUpdates = 0, maxAgeMs = 0 }: StoreBounds) {
      const store = await makeStore();
      const application = new DataSource(store.options).initialize();
      return { store, bounds: { size: maxUpdates, ageMs: maxAgeMs }, application, turns: new Turns() };
    },
    open: ({ store, bounds }) => openTransport(store, bounds),
    async dropStore({ store, application }) {
      await (await application).destroy();
      await store.drop();
    },
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

describe('a log in SQLite', () => {
  it.each(named(transportContract(subject(sqliteStore, 'one'))))('%s', (_, { run }) => run());
});

describe.skipIf(!(await postgresAnswers('the contract of a log in PostgreSQL')))(
  'a log in PostgreSQL',
  () => {
    it.each(named(transportContract(subject(postgresStore, 'many'))))('%s', (_, { run }) => run());
  },
);

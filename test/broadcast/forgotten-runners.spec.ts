import { queryObjects } from 'node:v8';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunnerState } from '../../src/broadcast/runner-state.js';
import { answering, DATABASES, openDatabase, type TestDatabase } from './databases.js';
import { Ticket } from './entities.js';
import { recordingBroadcaster } from './recording.js';

const there = await answering('test/broadcast/forgotten-runners');

const TRANSACTIONS = process.env['FAULT_RUNS'] === 'long' ? 10_000 : 500;
/** As many as a pool has connections. */
const PARALLEL = 10;

/** Collects garbage, and counts what is left. */
const states = (): number => queryObjects(RunnerState, { format: 'count' });

describe.each(DATABASES)('what is known of query runners on %s', (name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;

    beforeAll(async () => {
      database = await openDatabase(name, 'forgotten_runners');
    });
    afterAll(() => database?.drop());

    it(
      'is forgotten with them: nothing of thousands of transactions is left',
      { timeout: 600_000 },
      async () => {
        const { dataSource } = database;
        const { broadcaster, publisher } = recordingBroadcaster();
        broadcaster.attach(dataSource);
        const others = states();
        let next = 0;
        const write = async (): Promise<void> => {
          while (next < TRANSACTIONS) {
            const id = String(next++);
            const work = dataSource.transaction(async (manager) => {
              await manager.insert(Ticket, { id, seat: 1 });
              if (id.endsWith('9')) throw new Error('no');
            });
            await work.catch(() => undefined);
          }
        };
        // SQLite has one runner, whose transactions come one after the other.
        const isShared = name === 'SQLite';
        await Promise.all(Array.from({ length: isShared ? 1 : PARALLEL }, write));
        await broadcaster.flush();
        expect(publisher.updates).toHaveLength(TRANSACTIONS * 0.9);

        const runner = dataSource.createQueryRunner();
        await runner.startTransaction();
        expect(states() - others, 'an open one is counted').toBeGreaterThanOrEqual(1);
        await runner.rollbackTransaction();
        await runner.release();
        expect(states() - others).toBeLessThanOrEqual(PARALLEL);
      },
    );
  });
});

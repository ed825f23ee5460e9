import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventsOf } from '../support/http-client.js';
import { mariadbAnswers } from '../support/mariadb.js';
import { postgresAnswers } from '../support/postgres.js';
import { Application } from './outbox/application.js';
import { databaseAt, type Engine, makeDatabase, type SharedDatabase } from './outbox/database.js';
import type { CommitMoment } from './outbox/failpoint.js';
import { Step } from './outbox/rows.js';

const SUITE = 'test/fault/memory-delivery-killed-around-commit';
const [postgres, mariadb] = await Promise.all([postgresAnswers(SUITE), mariadbAnswers(SUITE)]);
const ENGINES = [
  ['SQLite', true],
  ['PostgreSQL', postgres],
  ['MariaDB', mariadb],
] as const;
/** A hundred times what it takes. */
const HANG_GUARD_MS = 120_000;

describe.each(ENGINES)('delivery in memory on %s, killed around a COMMIT', (engine: Engine, there) => {
  describe.skipIf(!there)('', () => {
    let database: SharedDatabase;
    let application: Application;

    beforeEach(async () => {
      database = await makeDatabase(engine, 'memory_killed');
      // What was told must outlive the process: the log is in the database.
      application = new Application(database, 'log', '', 'memory');
    });
    afterEach(async () => {
      await application?.stop();
      await database?.drop();
    });

    it.each<[string, CommitMoment, string[]]>([
      ['between its answer and the dispatch loses those updates', 'answered', ['last/1', 'last/2']],
      ['before it is sent tells nothing of the transaction', 'unsent', []],
    ])('%s, and nothing else', { timeout: HANG_GUARD_MS }, async (_what, moment, committed) => {
      await application.start();
      await application.post('write/before');
      await application.post('settle/before');
      await expect(application.post(`write/last?die=${moment}`)).rejects.toThrow(
        /ECONNRESET|hang up|aborted/,
      );
      expect(await application.ended()).toBe('SIGKILL');
      await application.start();
      await application.post('write/after');
      const before = ['before/1', 'before/2'];
      const after = ['after/1', 'after/2'];
      expect(await titles(database)).toEqual([...before, ...committed, ...after]);
      expect(await told(application)).toEqual([...before, ...after]);
    });

    // With SQLite a hub that writes its log waits for the transaction.
    if (engine !== 'SQLite') {
      it(
        'tells nothing of a transaction that has only to be committed',
        { timeout: HANG_GUARD_MS },
        async () => {
          await application.start();
          const writing = application.post('write/last?die=held').catch(String);
          await application.said('holding COMMIT\n');
          await application.post('fence/held');
          const stream = await application.follow();
          const text = await stream.body.waitFor('data: "held"\n\n');
          stream.abort();
          expect(eventsOf(text).map(({ data }) => data)).toEqual(['"held"']);
          await application.stop();
          expect(await writing).toMatch(/ECONNRESET|hang up|aborted/);
          await application.start();
          expect(await told(application)).toEqual([]);
          expect(await titles(database)).toEqual([]);
        },
      );
    }
  });
});

/** What others see in the table. */
async function titles({ place }: SharedDatabase): Promise<string[]> {
  const dataSource = await new DataSource(databaseAt(place)).initialize();
  try {
    const steps = await dataSource.manager.find(Step, { order: { id: 'ASC' } });
    return steps.map(({ title }) => title);
  } finally {
    await dataSource.destroy();
  }
}

/** What the hub tells from its first update, when everything that was committed and not lost has been told. */
async function told(application: Application): Promise<string[]> {
  const stream = await application.follow();
  await application.post('settle/end');
  const text = await stream.body.waitFor('data: "end"\n\n');
  stream.abort();
  return eventsOf(text).flatMap(({ data }) => (JSON.parse(data) as Partial<Step>).title ?? []);
}

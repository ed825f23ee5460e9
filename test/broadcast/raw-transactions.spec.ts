import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { answering, DATABASES, type DatabaseName, openDatabase, type TestDatabase } from './databases.js';
import { Book, Ticket } from './entities.js';
import { recordingBroadcaster } from './recording.js';

const there = await answering('test/broadcast/raw-transactions');

const insert = (manager: EntityManager, id: string) => manager.insert(Ticket, { id, seat: 1 });

/** Waits for what a promise rejects with. */
const swallow = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

/** Statements as an application writes them, by itself, through the query runner. */
const SPELLINGS: readonly [begin: string, commit: string, rollback: string][] = [
  ['BEGIN', 'COMMIT', 'ROLLBACK'],
  ['begin;', 'commit ;', 'rollback;'],
  ['/* theirs */ BEGIN', '-- done\nCOMMIT', '\n  rollback\n'],
];
const MORE: Readonly<Partial<Record<DatabaseName, typeof SPELLINGS>>> = {
  SQLite: [
    ['BEGIN IMMEDIATE TRANSACTION', 'END TRANSACTION', 'ROLLBACK TRANSACTION'],
    ['SAVEPOINT mine', 'RELEASE mine', 'ROLLBACK'],
  ],
  PostgreSQL: [
    ['START TRANSACTION ISOLATION LEVEL REPEATABLE READ', 'END', 'ABORT'],
    ['BEGIN WORK', 'COMMIT WORK', 'ROLLBACK WORK'],
  ],
  MariaDB: [['START TRANSACTION WITH CONSISTENT SNAPSHOT', 'COMMIT WORK', 'ROLLBACK WORK']],
};

describe.each(DATABASES)('transactions in SQL on %s', (name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;
    let dataSource: DataSource;
    let runner: QueryRunner;
    let recording: ReturnType<typeof recordingBroadcaster>;

    beforeAll(async () => {
      database = await openDatabase(name, 'raw_transactions');
      ({ dataSource } = database);
    });
    afterAll(() => database?.drop());
    beforeEach(async () => {
      await database.empty();
      recording = recordingBroadcaster();
      recording.broadcaster.attach(dataSource);
      runner = dataSource.createQueryRunner();
    });
    afterEach(async () => {
      await runner?.release();
      dataSource.subscribers.length = 0;
    });

    /** What was told, and as a check what there is in the table. */
    const told = async (): Promise<string[]> => {
      await recording.broadcaster.flush();
      const lines = recording.publisher.told.map((line) => line.replace('/tickets/', ''));
      recording.publisher.batches = [];
      return lines;
    };
    const rows = async (): Promise<string[]> =>
      (await dataSource.manager.find(Ticket, { order: { id: 'ASC' } })).map(({ id }) => id);

    describe.each([...SPELLINGS, ...(MORE[name] ?? [])])('%s', (begin, commit, rollback) => {
      it('tells nothing before the commit, then everything', async () => {
        await insert(dataSource.manager, 'old');
        await told();
        await runner.query(begin);
        await insert(runner.manager, 'a');
        await runner.manager.save(Ticket, { id: 'b', seat: 1 }, { transaction: false });
        await runner.manager.remove(await runner.manager.findOneByOrFail(Ticket, { id: 'old' }), {
          transaction: false,
        });
        expect(recording.publisher.told).toEqual([]);
        await runner.query(commit);
        expect(await told()).toEqual(['a', 'b', 'old deleted']);
        expect(await rows()).toEqual(['a', 'b']);
      });

      it('tells nothing of what is rolled back', async () => {
        await insert(dataSource.manager, 'old');
        await insert(dataSource.manager, 'older');
        await told();
        await runner.query(begin);
        await insert(runner.manager, 'a');
        await runner.manager.save(Ticket, { id: 'old', seat: 2 }, { transaction: false });
        await runner.manager.remove(await runner.manager.findOneByOrFail(Ticket, { id: 'older' }), {
          transaction: false,
        });
        await runner.query(rollback);
        expect(await told()).toEqual([]);
        expect(await rows()).toEqual(['old', 'older']);
        await insert(runner.manager, 'after');
        expect(await told()).toEqual(['after']);
      });
    });

    it('follows savepoints as the database has them: named again, released with those in them, rolled back twice', async () => {
      await runner.query('BEGIN');
      await insert(runner.manager, 'a');
      await runner.query('SAVEPOINT one');
      await insert(runner.manager, 'b');
      await runner.query('savepoint two;');
      await insert(runner.manager, 'c');
      await runner.query('SAVEPOINT ONE');
      await insert(runner.manager, 'd');
      await runner.query('ROLLBACK TO SAVEPOINT one');
      await insert(runner.manager, 'e');
      await runner.query('ROLLBACK TO one');
      await insert(runner.manager, 'f');
      await runner.query('RELEASE SAVEPOINT two');
      await runner.query('SAVEPOINT three');
      await insert(runner.manager, 'g');
      await runner.query('rollback to three');
      await runner.query('COMMIT');
      expect(await told()).toEqual(['a', 'b', 'c', 'f']);
      expect(await rows()).toEqual(['a', 'b', 'c', 'f']);
    });

    it('a savepoint that was rolled back to is still there for what comes next', async () => {
      await dataSource.transaction(async (manager) => {
        for (const id of ['a', 'b', 'c']) {
          const failing = manager.transaction(async (inner) => {
            await insert(inner, `${id}-gone`);
            throw new Error('theirs');
          });
          await swallow(failing);
          await manager.transaction((inner) => insert(inner, id));
        }
      });
      expect(await told()).toEqual(['a', 'b', 'c']);
    });

    it('a ROLLBACK within a transaction of TypeORM’s ends it: nothing of before is told, and what comes after is', async () => {
      await insert(dataSource.manager, 'old');
      await told();
      const transaction = dataSource.transaction(async (manager) => {
        await insert(manager, 'a');
        await manager.remove(await manager.findOneByOrFail(Ticket, { id: 'old' }));
        await manager.query('ROLLBACK');
        await insert(manager, 'b');
      });
      await swallow(transaction);
      await swallow(dataSource.query('ROLLBACK'));
      expect((await told()).toSorted()).toEqual(['b']);
      expect(await rows()).toEqual(['b', 'old']);
      if (name === 'SQLite') Object.assign(runner, { isTransactionActive: false, transactionDepth: 0 });
    });

    it('a COMMIT within a transaction of TypeORM’s commits it, whatever becomes of the rest', async () => {
      const transaction = dataSource.transaction(async (manager) => {
        await insert(manager, 'a');
        await manager.query('COMMIT');
        await manager.query('BEGIN');
        await insert(manager, 'b');
        throw new Error('theirs');
      });
      await swallow(transaction);
      expect(await told()).toEqual(['a']);
      expect(await rows()).toEqual(['a']);
    });

    if (name !== 'SQLite') {
      it('COMMIT AND CHAIN and ROLLBACK AND CHAIN begin another one', async () => {
        await runner.query('BEGIN');
        await insert(runner.manager, 'a');
        await runner.query('COMMIT AND CHAIN');
        expect(await told()).toEqual(['a']);
        await insert(runner.manager, 'b');
        expect(await told()).toEqual([]);
        await runner.query('ROLLBACK AND CHAIN');
        await insert(runner.manager, 'c');
        await runner.query('COMMIT AND NO CHAIN');
        await insert(runner.manager, 'd');
        expect(await told()).toEqual(['c', 'd']);
      });
    }

    it('a transaction that began before it was followed is told when it is committed', async () => {
      dataSource.subscribers.length = 0;
      await runner.startTransaction();
      recording.broadcaster.attach(dataSource);
      await insert(runner.manager, 'a');
      expect(await told()).toEqual([]);
      await runner.commitTransaction();
      expect(await told()).toEqual(['a']);
    });
  });
});

describe.skipIf(!there.has('SQLite'))('what only SQLite does', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let recording: ReturnType<typeof recordingBroadcaster>;

  beforeAll(async () => {
    database = await openDatabase('SQLite', 'raw_transactions_sqlite');
    ({ dataSource } = database);
  });
  afterAll(() => database?.drop());
  beforeEach(async () => {
    await database.empty();
    recording = recordingBroadcaster();
    recording.broadcaster.attach(dataSource);
  });
  afterEach(() => {
    dataSource.subscribers.length = 0;
  });

  it('a statement whose failure rolls back its transaction takes along what was not told yet', async () => {
    const runner = dataSource.createQueryRunner();
    await runner.query('BEGIN');
    await insert(runner.manager, 'a');
    const failed = await swallow(runner.query(`INSERT OR ROLLBACK INTO ticket (id, seat) VALUES ('a', 1)`));
    expect(String(failed)).toMatch(/UNIQUE/);
    await insert(runner.manager, 'b');
    await recording.broadcaster.flush();
    expect(recording.publisher.told).toEqual(['/tickets/b']);
  });

  it('a savepoint that a transaction began with is rolled back to, and released', async () => {
    const runner = dataSource.createQueryRunner();
    await runner.query('SAVEPOINT outer');
    await insert(runner.manager, 'a');
    await runner.query('ROLLBACK TO outer');
    await insert(runner.manager, 'b');
    expect(recording.publisher.told).toEqual([]);
    await runner.query('RELEASE outer');
    await recording.broadcaster.flush();
    expect(recording.publisher.told).toEqual(['/tickets/b']);
  });
});

if (DATABASES.includes('MariaDB')) {
  describe.skipIf(!there.has('MariaDB'))('what only MySQL and MariaDB do', () => {
    let database: TestDatabase;
    let dataSource: DataSource;
    let recording: ReturnType<typeof recordingBroadcaster>;

    beforeAll(async () => {
      database = await openDatabase('MariaDB', 'raw_transactions_mysql');
      ({ dataSource } = database);
    });
    afterAll(() => database?.drop());
    beforeEach(async () => {
      await database.empty();
      await dataSource.query('DROP TABLE IF EXISTS made');
      recording = recordingBroadcaster();
      recording.broadcaster.attach(dataSource);
    });
    afterEach(() => {
      dataSource.subscribers.length = 0;
    });

    const told = async (): Promise<string[]> => {
      await recording.broadcaster.flush();
      return recording.publisher.told.map((line) => line.replace('/tickets/', ''));
    };
    const rows = async (): Promise<string[]> =>
      (await dataSource.manager.find(Ticket, { order: { id: 'ASC' } })).map(({ id }) => id);

    it.each(['CREATE TABLE made (id INT)', 'alter table ticket comment = ""', 'START TRANSACTION'])(
      '%s commits what was written before, which is told although the rest is rolled back',
      async (statement) => {
        const transaction = dataSource.transaction(async (manager) => {
          await insert(manager, 'a');
          await manager.query(statement);
          throw new Error('theirs');
        });
        await swallow(transaction);
        expect(await rows()).toEqual(['a']);
        expect(await told()).toEqual(['a']);
      },
    );

    it('what is written after such a statement is told where it is in the table', async () => {
      const transaction = dataSource.transaction(async (manager) => {
        await insert(manager, 'a');
        await manager.query('CREATE TABLE made (id INT)');
        await insert(manager, 'b');
        await manager.query('START TRANSACTION');
        await insert(manager, 'c');
        throw new Error('theirs');
      });
      await swallow(transaction);
      expect(await rows()).toEqual(['a', 'b']);
      expect((await told()).toSorted()).toEqual(['a', 'b']);
    });

    it('a temporary table commits nothing', async () => {
      const transaction = dataSource.transaction(async (manager) => {
        await insert(manager, 'a');
        await manager.query('CREATE TEMPORARY TABLE made (id INT)');
        await manager.query('DROP TEMPORARY TABLE made');
        throw new Error('theirs');
      });
      await swallow(transaction);
      expect(await rows()).toEqual([]);
      expect(await told()).toEqual([]);
    });

    it('nor of one that MariaDB rolled back because a row had changed since it was read', async () => {
      await dataSource.manager.insert(Book, { title: 'one' });
      await told();
      recording.publisher.batches = [];
      let error: unknown;
      const runner = dataSource.createQueryRunner();
      await runner.query('SET SESSION innodb_snapshot_isolation = ON');
      try {
        await runner.manager.transaction(async (manager) => {
          await manager.find(Book);
          await insert(manager, 'gone');
          await dataSource.query(`UPDATE book SET note = 'theirs' WHERE id = 1`);
          error = await swallow(manager.query(`UPDATE book SET note = 'ours' WHERE id = 1`));
          await insert(manager, 'after');
        });
      } finally {
        await runner.query('SET SESSION innodb_snapshot_isolation = OFF');
        await runner.release();
      }
      expect(String(error)).toMatch(/Record has changed/);
      expect(await rows()).toEqual(['after']);
      expect(await told()).toEqual(['after']);
    });

    it('of a transaction that a deadlock rolled back nothing is told, and what follows the swallowed error is', async () => {
      await dataSource.manager.insert(Book, [{ title: 'one' }, { title: 'two' }]);
      await insert(dataSource.manager, 'old');
      await told();
      recording.publisher.batches = [];
      const rival = dataSource.createQueryRunner();
      await rival.startTransaction();
      // The victim is who changed less.
      await rival.query(`UPDATE book SET note = 'rival' WHERE id = 2`);
      for (let index = 0; index < 20; index++)
        await rival.query(`INSERT INTO tag (name) VALUES ('${index}')`);
      let error: unknown;
      await dataSource.transaction(async (manager) => {
        await insert(manager, 'gone');
        await manager.save(Book, { id: 1, title: 'gone' });
        await manager.remove(await manager.findOneByOrFail(Ticket, { id: 'old' }));
        const waiting = swallow(manager.query(`UPDATE book SET note = 'victim' WHERE id = 2`));
        await rival.query(`UPDATE book SET note = 'rival' WHERE id = 1`);
        error = await waiting;
        await rival.commitTransaction();
        await insert(manager, 'after');
      });
      await rival.release();
      expect(String(error)).toMatch(/Deadlock/);
      expect(await rows()).toEqual(['after', 'old']);
      expect(await told()).toEqual(['after']);
    });
  });
}

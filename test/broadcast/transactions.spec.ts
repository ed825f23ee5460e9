import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { answering, DATABASES, openDatabase, type TestDatabase, TYPEORM } from './databases.js';
import { Book, Ticket } from './entities.js';
import { recordingBroadcaster } from './recording.js';

const there = await answering('test/broadcast/transactions');

const save = (manager: EntityManager, title: string) => manager.save(Book, { title });
const byTitle = (manager: EntityManager, title: string) => manager.findOneByOrFail(Book, { title });

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe.each(DATABASES)('transactions on %s', (name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;
    let dataSource: DataSource;
    let recording: ReturnType<typeof recordingBroadcaster>;

    beforeAll(async () => {
      database = await openDatabase(name, 'transactions');
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

    const told = async (): Promise<string[]> => {
      await recording.broadcaster.flush();
      return recording.publisher.told;
    };

    it('tells nothing before the outermost commit, then everything in one hand-over', async () => {
      await dataSource.transaction(async (manager) => {
        await save(manager, 'a');
        await manager.transaction((inner) => save(inner, 'b'));
        expect(await told()).toEqual([]);
      });
      expect(await told()).toEqual(['/books/1 a', '/books/2 b']);
      expect(recording.publisher.batches).toHaveLength(1);
    });

    it('tells nothing of a transaction that is rolled back', async () => {
      await rejection(
        dataSource.transaction(async (manager) => {
          await save(manager, 'a');
          throw new Error('no');
        }),
      );
      expect(await told()).toEqual([]);
    });

    it('tells nothing of a savepoint that is rolled back, and the rest', async () => {
      await dataSource.transaction(async (manager) => {
        await save(manager, 'a');
        await rejection(
          manager.transaction(async (inner) => {
            await save(inner, 'b');
            await inner.transaction((innermost) => save(innermost, 'c'));
            throw new Error('no');
          }),
        );
        await save(manager, 'd');
      });
      expect((await told()).map((line) => line.split(' ')[1])).toEqual(['a', 'd']);
    });

    it('tells neither updates nor removals of a savepoint that is rolled back', async () => {
      await dataSource.manager.save(Book, [{ title: 'a' }, { title: 'b' }]);
      await dataSource.transaction(async (manager) => {
        await save(manager, 'c');
        await rejection(
          manager.transaction(async (inner) => {
            await inner.save(Book, { id: 1, title: 'd' });
            await inner.remove(await byTitle(inner, 'b'));
            throw new Error('no');
          }),
        );
      });
      expect(await told()).toEqual(['/books/1 a', '/books/2 b', '/books/3 c']);
    });

    it('tells nothing of a released savepoint whose transaction is rolled back', async () => {
      await rejection(
        dataSource.transaction(async (manager) => {
          await manager.transaction((inner) => save(inner, 'a'));
          throw new Error('no');
        }),
      );
      expect(await told()).toEqual([]);
    });

    it('tells two transactions of one runner apart', async () => {
      const runner = dataSource.createQueryRunner();
      await runner.startTransaction();
      await save(runner.manager, 'a');
      await runner.rollbackTransaction();
      await runner.startTransaction();
      await save(runner.manager, 'b');
      await runner.commitTransaction();
      await runner.release();
      expect((await told()).map((line) => line.split(' ')[1])).toEqual(['b']);
    });

    const twice = async (runner: QueryRunner) => {
      await runner.startTransaction();
      await save(runner.manager, 'a');
      await runner.startTransaction();
      await save(runner.manager, 'b');
    };

    if (TYPEORM === '1') {
      it('tells everything of a runner that is disposed over an open savepoint', async () => {
        {
          await using runner = dataSource.createQueryRunner();
          await twice(runner);
        }
        expect(await told()).toEqual(['/books/1 a', '/books/2 b']);
      });
    } else {
      it('tells everything of a runner that is committed twice: there is no `await using` yet', async () => {
        const runner = dataSource.createQueryRunner();
        expect(Symbol.asyncDispose in runner).toBe(false);
        await twice(runner);
        await runner.commitTransaction();
        expect(await told()).toEqual([]);
        await runner.commitTransaction();
        await runner.release();
        expect(await told()).toEqual(['/books/1 a', '/books/2 b']);
      });
    }

    describe('coalesces the changes of a row', () => {
      it('create, update ⇒ create', async () => {
        await dataSource.transaction(async (manager) => {
          const book = await save(manager, 'a');
          await manager.save(Book, { id: book.id, title: 'b' });
        });
        expect(await told()).toEqual(['/books/1 b']);
      });

      it('create, delete ⇒ nothing', async () => {
        await dataSource.transaction(async (manager) => {
          await save(manager, 'a');
          await manager.remove(await byTitle(manager, 'a'));
        });
        expect(await told()).toEqual([]);
      });

      it('delete, create ⇒ update', async () => {
        await dataSource.manager.insert(Ticket, { id: 't', seat: 1 });
        await recording.broadcaster.flush();
        recording.publisher.batches = [];
        await dataSource.transaction(async (manager) => {
          await manager.remove(await manager.findOneByOrFail(Ticket, { id: 't' }));
          await manager.insert(Ticket, { id: 't', seat: 2 });
        });
        await recording.broadcaster.flush();
        expect(recording.publisher.updates.map(({ data }) => data)).toEqual(['{"id":"t","seat":2}']);
      });

      it('update, update ⇒ one update, over savepoints too', async () => {
        await save(dataSource.manager, 'a');
        await dataSource.transaction(async (manager) => {
          await manager.save(Book, { id: 1, title: 'b' });
          await manager.transaction((inner) => inner.save(Book, { id: 1, title: 'c' }));
        });
        expect(await told()).toEqual(['/books/1 a', '/books/1 c']);
      });

      it('update, delete by criteria ⇒ delete: the row decides', async () => {
        await save(dataSource.manager, 'a');
        await dataSource.transaction(async (manager) => {
          await manager.save(Book, { id: 1, title: 'b' });
          await manager.delete(Book, { id: 1 });
        });
        expect(await told()).toEqual(['/books/1 a', '/books/1 deleted']);
      });
    });

    it('tells writes of an autocommit statement inside a transaction with it', async () => {
      await dataSource.transaction(async (manager) => {
        await manager.insert(Book, { title: 'a' });
        expect(await told()).toEqual([]);
      });
      expect(await told()).toEqual(['/books/1 a']);
    });

    it('tells 50 parallel saves each once', async () => {
      await Promise.all(Array.from({ length: 50 }, (_, index) => save(dataSource.manager, `t${index}`)));
      const titles = (await told()).map((line) => line.split(' ')[1]);
      expect(titles).toHaveLength(50);
      expect(new Set(titles).size).toBe(50);
    });

    it('tells what subscribers of the application write just before the commit', async () => {
      dataSource.subscribers.push({
        async beforeTransactionCommit({ manager }) {
          if (!(await manager.existsBy(Book, { title: 'audit' })))
            await manager.insert(Book, { title: 'audit' });
        },
      });
      await save(dataSource.manager, 'a');
      expect(await told()).toEqual(['/books/1 a', '/books/2 audit']);
    });

    it('tells a commit although a subscriber of the application throws after it', async () => {
      dataSource.subscribers.length = 0;
      dataSource.subscribers.push({
        afterTransactionCommit() {
          throw new Error('theirs');
        },
      });
      recording.broadcaster.attach(dataSource);
      expect(await rejection(save(dataSource.manager, 'a'))).toMatchObject({ message: 'theirs' });
      expect(await told()).toEqual(['/books/1 a']);
    });

    it('tells nothing when a subscriber of the application refuses the commit', async () => {
      dataSource.subscribers.push({
        beforeTransactionCommit: () => Promise.reject(new Error('theirs')),
      });
      expect(await rejection(save(dataSource.manager, 'a'))).toMatchObject({ message: 'theirs' });
      expect(await told()).toEqual([]);
    });

    it('tells nothing of a commit that fails', async () => {
      const runner = dataSource.createQueryRunner();
      const query = runner.query.bind(runner) as (statement: string, ...rest: unknown[]) => Promise<unknown>;
      Object.assign(runner, {
        query: (statement: string, ...rest: unknown[]) =>
          query(statement === 'COMMIT' ? 'COMMIT nonsense here' : statement, ...rest),
      });
      await rejection(runner.manager.transaction((manager) => save(manager, 'a')));
      Object.assign(runner, { query });
      await runner.release();
      expect(await told()).toEqual([]);
    });

    it('keeps queryRunner.data for the application', async () => {
      await dataSource.manager.save(Book, { title: 'a' }, { data: { user: 1 } });
      expect(await told()).toEqual(['/books/1 a']);
    });
  });
});

// SQLite has one runner: there they are not apart.
describe.each(DATABASES.filter((name) => name !== 'SQLite'))('a pool of connections to %s', (name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;
    let dataSource: DataSource;
    let recording: ReturnType<typeof recordingBroadcaster>;

    beforeAll(async () => {
      database = await openDatabase(name, 'transactions_pool');
      ({ dataSource } = database);
      recording = recordingBroadcaster();
      recording.broadcaster.attach(dataSource);
    });
    afterAll(() => database?.drop());

    it('keeps 50 parallel transactions of a pool apart, half of them rolled back', async () => {
      await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          rejection(
            dataSource.transaction(async (manager) => {
              await save(manager, `${index}-a`);
              await save(manager, `${index}-b`);
              if (index % 2) throw new Error('no');
            }),
          ),
        ),
      );
      await recording.broadcaster.flush();
      const owners = recording.publisher.updates.map(
        ({ data }) => (JSON.parse(data as string) as Book).title.split('-')[0],
      );
      expect(owners).toHaveLength(50);
      for (let pair = 0; pair < owners.length; pair += 2) {
        expect(owners[pair], 'next to each other').toBe(owners[pair + 1]);
        expect(Number(owners[pair]) % 2).toBe(0);
      }
      expect(new Set(owners).size).toBe(25);
    });
  });
});

describe.skipIf(!there.has('PostgreSQL'))('what only PostgreSQL does', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let recording: ReturnType<typeof recordingBroadcaster>;

  beforeAll(async () => {
    database = await openDatabase('PostgreSQL', 'transactions_pg');
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

  it('tells nothing when COMMIT is answered ROLLBACK', async () => {
    await dataSource.manager.save(Book, [{ title: 'a' }, { title: 'b' }]);
    const before = ['/books/1 a', '/books/2 b'];
    await dataSource.transaction(async (manager) => {
      await save(manager, 'c');
      await manager.save(Book, { id: 1, title: 'd' });
      await rejection(manager.query('SELECT nonsense'));
    });
    await dataSource.transaction(async (manager) => {
      await manager.remove(await byTitle(manager, 'b'));
      await rejection(manager.query('SELECT nonsense'));
    });
    await recording.broadcaster.flush();
    expect(await dataSource.manager.count(Book)).toBe(2);
    expect(recording.publisher.told).toEqual(before);
    expect(recording.logger.lines).toEqual([]);
  });

  it('drops the frame of a savepoint whose RELEASE fails, and tells the rest', async () => {
    await dataSource.transaction(async (manager) => {
      await save(manager, 'a');
      await rejection(
        manager.transaction(async (inner) => {
          await save(inner, 'b');
          await rejection(inner.query('SELECT nonsense'));
        }),
      );
    });
    await recording.broadcaster.flush();
    expect((await dataSource.manager.find(Book)).map(({ title }) => title)).toEqual(['a']);
    expect(recording.publisher.told).toEqual(['/books/1 a']);
  });

  it('tells nothing when a deferred constraint fails the commit', async () => {
    const { tablePath } = dataSource.getMetadata(Book);
    await dataSource.query(
      `ALTER TABLE ${tablePath} ADD CONSTRAINT title_once UNIQUE (title) DEFERRABLE INITIALLY DEFERRED`,
    );
    await save(dataSource.manager, 'a');
    const failed = await rejection(save(dataSource.manager, 'a'));
    await recording.broadcaster.flush();
    expect(String(failed)).toMatch(/title_once/);
    expect(recording.publisher.told).toEqual(['/books/1 a']);
  });

  it('tells transactions that wrote the same row in the order they committed', async () => {
    await save(dataSource.manager, '0');
    await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        dataSource.transaction(async (manager) => {
          const book = await manager.findOneOrFail(Book, {
            where: { id: 1 },
            lock: { mode: 'pessimistic_write' },
          });
          book.title = String(Number(book.title) + 1);
          book.note = String(index);
          await manager.save(book);
        }),
      ),
    );
    await recording.broadcaster.flush();
    expect(recording.publisher.told).toEqual(Array.from({ length: 41 }, (_, count) => `/books/1 ${count}`));
  });
});

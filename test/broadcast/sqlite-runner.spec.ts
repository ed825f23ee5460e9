import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DataSource } from 'typeorm';
import { openDatabase, type TestDatabase } from './databases.js';
import { Book } from './entities.js';
import { recordingBroadcaster } from './recording.js';

const turn = () => new Promise((resolve) => setTimeout(resolve, 10));

// TypeORM has one query runner for a SQLite file: everybody's statements are in whatever transaction is open.
describe('the one query runner of SQLite', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let recording: ReturnType<typeof recordingBroadcaster>;

  beforeAll(async () => {
    database = await openDatabase('SQLite', 'sqlite_runner');
    ({ dataSource } = database);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await database.empty();
    recording = recordingBroadcaster();
    recording.broadcaster.attach(dataSource);
  });
  afterEach(() => {
    dataSource.subscribers.length = 0;
  });

  it('an autocommit write is not read while somebody else’s transaction may still change it', async () => {
    const runner = dataSource.createQueryRunner();
    await dataSource.manager.insert(Book, { title: 'a' });
    await runner.startTransaction();
    await dataSource.query(`UPDATE book SET title = 'uncommitted'`);
    await turn();
    expect(recording.publisher.told).toEqual([]);
    await runner.rollbackTransaction();
    await recording.broadcaster.flush();
    expect(recording.publisher.told).toEqual(['/books/1 a']);
  });

  /** Begins a transaction of somebody else's, to be rolled back, in the middle of the first statement of a kind. */
  async function interrupt(kind: RegExp, work: () => Promise<unknown>): Promise<void> {
    const runner = dataSource.createQueryRunner();
    const query = runner.query.bind(runner) as (statement: string, ...rest: unknown[]) => Promise<unknown>;
    let interrupted = false;
    const interrupting = async (statement: string, ...rest: unknown[]): Promise<unknown> => {
      if (interrupted || !kind.test(statement)) return query(statement, ...rest);
      interrupted = true;
      await runner.startTransaction();
      await query(`UPDATE book SET title = 'uncommitted'`);
      void turn().then(() => runner.rollbackTransaction());
      return query(statement, ...rest);
    };
    Object.assign(runner, { query: interrupting });
    try {
      await work();
      await turn();
      await turn();
      await recording.broadcaster.flush();
    } finally {
      Object.assign(runner, { query });
    }
    expect(interrupted).toBe(true);
  }

  it('a transaction that begins before our read runs makes it read again', async () => {
    await interrupt(/^SELECT .* FROM "book" "entity"/, () => dataSource.manager.insert(Book, { title: 'a' }));
    expect(recording.publisher.told).toEqual(['/books/1 a']);
  });

  it('a transaction that begins between an autocommit write and its event does not take it along', async () => {
    await interrupt(/^SELECT .* FROM "book" "Book"/, () => dataSource.manager.insert(Book, { title: 'a' }));
    expect(recording.publisher.told).toEqual(['/books/1 a']);
  });

  it.each(['begins', 'is rolled back'])(
    'an autocommit write beside a transaction that %s is told exactly where it is in the table, whatever runs between',
    async (moment) => {
      const runner = dataSource.createQueryRunner();
      const microtasks = async (count: number) => {
        for (let index = 0; index < count; index++) await Promise.resolve();
      };
      // BEGIN and ROLLBACK, with their hooks, take fewer microtasks than these.
      for (let count = 0; count < 40; count++) {
        const insert = async () => {
          await microtasks(count);
          await dataSource.manager.insert(Book, { title: `${count}` });
        };
        const begun = moment === 'begins' ? insert() : undefined;
        await runner.startTransaction();
        await begun;
        const ended = moment === 'begins' ? undefined : insert();
        await runner.rollbackTransaction();
        await ended;
      }
      await recording.broadcaster.flush();
      const rows = await dataSource.query<{ id: number; title: string }[]>('SELECT id, title FROM book');
      expect(rows.length).toBeGreaterThan(0);
      expect(rows.length).toBeLessThan(40);
      // Twice where a key was rolled back and given again: what is told is what the table has under it.
      expect([...new Set(recording.publisher.told)].toSorted()).toEqual(
        rows.map(({ id, title }) => `/books/${id} ${title}`).toSorted(),
      );
    },
  );

  it('a removal whose row is there at the commit is not told: its event may belong to another transaction', async () => {
    const book = await dataSource.manager.save(Book, { title: 'a' });
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.manager.remove(Book, await runner.manager.findOneByOrFail(Book, { id: book.id }));
    await runner.query("INSERT INTO book (id, title) VALUES (1, 'a')");
    await runner.commitTransaction();
    await recording.broadcaster.flush();
    expect(recording.publisher.told).toEqual(['/books/1 a']);
  });

  it('what parallel transactions publish is in the table, however they break each other', async () => {
    await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        dataSource.transaction(async (manager) => {
          await manager.save(Book, { title: `t${index}` });
          if (index % 3 === 0) throw new Error('no');
        }),
      ),
    );
    await recording.broadcaster.flush();
    const there = await dataSource.query<{ id: number; title: string }[]>('SELECT id, title FROM book');
    const lines = there.map(({ id, title }) => `/books/${id} ${title}`);
    expect(recording.publisher.told.filter((line) => !lines.includes(line))).toEqual([]);
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DataSource, QueryRunner } from 'typeorm';
import { MercureError } from '../../src/errors.js';
import { random, seedOfRun } from '../property/support/random.js';
import { eventually } from '../support/eventually.js';
import { answering, openDatabase, type TestDatabase } from './databases.js';
import { Book, ENTITIES, Note, OrderLine, Photo, TRIGGERED } from './trigger/entities.js';
import { another, migrate, startTriggerApp, type TriggerApp } from './trigger/trigger-app.js';

const there = await answering('test/broadcast/trigger-order');

const away = () =>
  new MercureError('TRANSPORT_UNAVAILABLE', 503, 'The transport is away', 'Wait until it is back.');

describe.skipIf(!there.has('PostgreSQL'))('the queue of triggers', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let app: TriggerApp;
  let schema: string;

  beforeAll(async () => {
    database = await openDatabase('PostgreSQL', 'trigger_order', ENTITIES);
    ({ dataSource } = database);
    ({ schema } = dataSource.options as { schema: string });
    await migrate(dataSource, 'up', TRIGGERED);
  });
  afterAll(() => database?.drop());
  beforeEach(async () => {
    await database.empty();
    await dataSource.query(`TRUNCATE ${schema}.mercure_changes`);
    app = await startTriggerApp(dataSource);
  });
  afterEach(() => app?.close());

  const waiting = async () =>
    Number(
      (await dataSource.query<[{ count: string }]>(`SELECT count(*) FROM ${schema}.mercure_changes`))[0]
        .count,
    );

  /** Keeps the leader from taking anything until it is let go. */
  async function hold(): Promise<() => void> {
    app.before = () => {
      throw away();
    };
    await dataSource.manager.save(Book, { title: 'held' });
    await eventually('the leader was refused', () => app.logger.lines.length > 0);
    return () => (app.before = () => undefined);
  }

  async function open(source = dataSource): Promise<QueryRunner> {
    const runner = source.createQueryRunner();
    await runner.startTransaction();
    return runner;
  }

  it('tells nothing that is rolled back, not even to a savepoint', async () => {
    await expect(
      dataSource.transaction(async (manager) => {
        await manager.save(Book, { title: 'a' });
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await dataSource.transaction(async (manager) => {
      await manager.save(Book, { title: 'b' });
      await manager
        .transaction(async (inner) => {
          await inner.save(Book, { title: 'c' });
          throw new Error('no');
        })
        .catch(() => undefined);
    });
    expect(await app.told()).toEqual(['/books/2 b']);
  });

  it('tells what a transaction did to a row as one change', async () => {
    await dataSource.manager.save(Book, [{ title: 'x' }, { title: 'y' }]);
    await app.told();
    await dataSource.transaction(async (m) => {
      await m.query(`UPDATE ${schema}.book SET title = 'x2' WHERE id = 1`);
      await m.query(`UPDATE ${schema}.book SET title = 'x3' WHERE id = 1`);
      await m.query(`INSERT INTO ${schema}.book (title) VALUES ('gone')`);
      await m.query(`DELETE FROM ${schema}.book WHERE title = 'gone'`);
      await m.query(`DELETE FROM ${schema}.book WHERE id = 2`);
      await m.query(`INSERT INTO ${schema}.book (id, title) VALUES (2, 'y2')`);
    });
    expect((await app.told()).slice(2)).toEqual(['/books/1 x3', '/books/2 y2']);
  });

  it('keeps the order of commits over two connections, though the first to write commits last', async () => {
    const other = await another(database.options);
    try {
      const slow = await open(other);
      await slow.manager.save(Book, { title: 'slow' });
      await dataSource.manager.save(Book, { title: 'fast' });
      expect(await app.told()).toEqual(['/books/2 fast']);
      await dataSource.manager.save(Book, { title: 'later' });
      await slow.commitTransaction();
      await dataSource.manager.save(Book, { title: 'last' });
      await slow.release();
      const told = await app.told();
      expect(told.filter((line) => !line.endsWith('slow'))).toEqual([
        '/books/2 fast',
        '/books/3 later',
        '/books/4 last',
      ]);
      expect(told.indexOf('/books/1 slow')).toBeGreaterThan(0);
      expect(told.indexOf('/books/1 slow')).toBeLessThan(told.indexOf('/books/4 last'));
    } finally {
      await other.destroy();
    }
  });

  it('waits for no transaction that is open, here or in another database', async () => {
    const idle = await open();
    await idle.query(`CREATE TEMPORARY TABLE mine (id int)`);
    await idle.query(`INSERT INTO mine VALUES (1)`);
    await dataSource.manager.save(Book, { title: 'a' });
    expect(await app.told()).toEqual(['/books/1 a']);
    await idle.rollbackTransaction();
    await idle.release();
  });

  it('tells a row as each transaction left it, though all are told late', async () => {
    const release = await hold();
    await dataSource.query(`UPDATE ${schema}.book SET title = 'one'`);
    await dataSource.query(`UPDATE ${schema}.book SET title = 'two'`);
    await dataSource.manager.softDelete(Book, 1);
    await dataSource.query(`UPDATE ${schema}.book SET title = 'three'`);
    await dataSource.manager.restore(Book, 1);
    await dataSource.query(`DELETE FROM ${schema}.book`);
    await dataSource.query(`INSERT INTO ${schema}.book (id, title) VALUES (1, 'again')`);
    release();
    expect(await app.told()).toEqual([
      '/books/1 held',
      '/books/1 one',
      '/books/1 two',
      '/books/1 deleted',
      '/books/1 three',
      '/books/1 deleted',
      '/books/1 again',
    ]);
  });

  it('tells transactions whole and once, of which one has more rows than are taken at once', async () => {
    const release = await hold();
    const big = await open();
    const add = (from: number, to: number) =>
      big.query(
        `INSERT INTO ${schema}.order_line ("orderId", line, amount) SELECT 1, i, 0 FROM generate_series(${from}, ${to}) i`,
      );
    await add(1, 1_500);
    for (let line = 1; line <= 50; line++)
      await dataSource.manager.save(OrderLine, { orderId: 2, line, amount: 1 });
    await add(1_501, 2_500);
    await big.commitTransaction();
    await dataSource.manager.save(OrderLine, { orderId: 3, line: 1, amount: 1 });
    await big.release();
    release();
    const told = (await app.told()).slice(1);
    const lines = (order: number, count: number) =>
      Array.from({ length: count }, (_, index) => `/order-lines/${order},${index + 1}`);
    expect(told).toEqual([...lines(2, 50), ...lines(1, 2_500), ...lines(3, 1)]);
  });

  it('publishes once what the hub has taken, though its answer was lost, under the same ids', async () => {
    let answers = 2;
    const tried: string[][] = [];
    app.before = (updates) => void tried.push(updates.map(({ id }) => id));
    app.after = () => {
      if (answers-- > 0) throw away();
    };
    await dataSource.manager.save(Book, [{ title: 'a' }, { title: 'b' }]);
    expect(await app.told()).toEqual(['/books/1 a', '/books/2 b']);
    expect(new Set(tried.flat()).size).toBe(2);
    expect(await waiting()).toBe(0);
  });

  it('leaves out what the hub refuses, tells it once, and publishes the rest', async () => {
    app.before = (updates) => {
      if (updates.some(({ data }) => data.includes('"bad"')))
        throw new MercureError('ID_CONFLICT', 409, 'The id is taken', 'Use another.');
    };
    await dataSource.manager.save(Book, [{ title: 'a' }, { title: 'bad' }, { title: 'b' }]);
    await dataSource.manager.save(Book, { title: 'c' });
    expect(await app.told()).toEqual(['/books/1 a', '/books/3 b', '/books/4 c']);
    expect(await waiting()).toBe(0);
    expect(app.logger.lines).toEqual([
      'error Broadcast of entity "Book" (create): The id is taken. Use another. Until then followers must read again.',
    ]);
  });

  it('leaves out what can never be read, tells it once, and publishes what is behind it', async () => {
    const unreadable = { orderId: 'not a number', line: 1 };
    for (const source of [`${schema}.order_line`, 'a.table_of_nobody']) {
      await dataSource.query(
        `INSERT INTO ${schema}.mercure_changes (source, operation, key, image) VALUES ($1, 'delete', $2, $2)`,
        [source, unreadable],
      );
    }
    await dataSource.manager.save(Book, { title: 'a' });
    expect(await app.told()).toEqual(['/books/1 a']);
    expect(await waiting()).toBe(0);
    expect(app.logger.lines).toEqual([
      expect.stringMatching(
        /^error Broadcast of entity "OrderLine" by trigger: invalid input syntax .* Its rows are left out/,
      ),
    ]);
  });

  it('keeps what is committed while the hub is away, and says how much waits', async () => {
    const release = await hold();
    for (let count = 0; count < 20; count++) await dataSource.manager.save(Photo, { title: `${count}` });
    const [status] = await app.broadcaster.status();
    expect(status).toMatchObject({ pending: 21, refused: 0, leading: true });
    expect(status!.oldestMs).toBeGreaterThan(0);
    release();
    const told = await app.told();
    expect(told.slice(1)).toEqual(Array.from({ length: 20 }, (_, index) => `/photos/${index + 1} ${index}`));
    expect(await app.broadcaster.status()).toMatchObject([{ pending: 0, oldestMs: 0 }]);
  });

  it('goes on in a new session when its own is cut, and tells nothing twice', async () => {
    let cuts = 0;
    app.before = async () => {
      if (cuts++ > 0) return;
      await dataSource.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE '%' || $1 || '%'`,
        [`"${schema}"."mercure_changes"`],
      );
    };
    await dataSource.manager.save(Book, [{ title: 'a' }, { title: 'b' }]);
    expect(await app.told()).toEqual(['/books/1 a', '/books/2 b']);
    expect(cuts).toBeGreaterThan(0);
  });

  it('leads alone, and another takes over from a leader that is gone', async () => {
    const other = await another(database.options);
    const second = await startTriggerApp(other);
    try {
      await dataSource.manager.save(Book, { title: 'a' });
      await other.manager.save(Book, { title: 'b' });
      expect(await app.told()).toEqual(['/books/1 a', '/books/2 b']);
      await second.broadcaster.flush();
      expect(second.accepted).toEqual([]);
      expect(await second.broadcaster.status()).toMatchObject([{ leading: false }]);
      await app.broadcaster.close();
      await other.manager.save(Book, { title: 'c' });
      expect(await second.told()).toEqual(['/books/3 c']);
    } finally {
      await second.close();
      await other.destroy();
    }
  });

  it('follows a DataSource that is destroyed and initialized again', async () => {
    await dataSource.manager.save(Book, { title: 'a' });
    await app.told();
    await dataSource.destroy();
    await dataSource.initialize();
    await dataSource.manager.save(Book, { title: 'b' });
    expect(await app.told()).toEqual(['/books/1 a', '/books/2 b']);
  });

  it('has told, whatever is written at the same time, what the table holds in the end', async () => {
    const seed = seedOfRun();
    console.log(`seed ${seed}`);
    const chance = random(seed);
    const write = async (): Promise<void> => {
      const slug = `n${chance.below(6)}`;
      const table = `${schema}."Odd Notes"`;
      const kind = chance.below(5);
      const value = `${chance.below(1_000)}`;
      const runner = await open();
      try {
        if (kind === 0) await runner.query(`DELETE FROM ${table} WHERE slug = $1`, [slug]);
        else if (kind === 1)
          await runner.query(
            `INSERT INTO ${table} (slug, owner, open, "the text") VALUES ($1, $2, true, $3) ON CONFLICT (slug) DO UPDATE SET "the text" = $3`,
            [slug, `o${chance.below(3)}`, value],
          );
        else if (kind === 2)
          await runner.query(`UPDATE ${table} SET owner = $2 WHERE slug = $1`, [slug, `o${chance.below(3)}`]);
        else await runner.query(`UPDATE ${table} SET colour = $2 WHERE slug = $1`, [slug, value]);
        if (chance.once(4)) await runner.rollbackTransaction();
        else await runner.commitTransaction();
      } finally {
        await runner.release();
      }
    };
    for (let round = 0; round < 30; round++) await Promise.all(Array.from({ length: 8 }, write));
    await app.broadcaster.flush();
    const picture = new Map<string, Record<string, unknown>>();
    for (const { topics, data } of app.accepted) {
      const { deleted, ...patch } = JSON.parse(data) as Record<string, unknown>;
      const topic = topics[0]!;
      if (deleted === true) picture.delete(topic);
      else picture.set(topic, { ...picture.get(topic), ...patch });
    }
    const rows = await dataSource.manager.find(Note);
    const seen = Object.fromEntries(
      [...picture].map(([topic, { '@id': _id, '@type': _type, ...row }]) => [topic, row]),
    );
    const wanted = Object.fromEntries(
      rows.map((row) => [
        `https://example.com/owners/${row.owner}/notes/${row.slug}`,
        Object.fromEntries(Object.entries(row)),
      ]),
    );
    expect(seen, `seed ${seed}`).toEqual(wanted);
    expect(app.accepted.length, `seed ${seed}`).toBeGreaterThan(50);
  });
});

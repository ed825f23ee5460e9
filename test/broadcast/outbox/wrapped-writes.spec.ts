import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DataSource } from 'typeorm';
import { answering, openDatabase, type TestDatabase } from '../databases.js';
import { Book, Ticket } from '../entities.js';
import { type OutboxApp, OUTBOXES, startOutboxApp } from './outbox-app.js';

const there = await answering('test/broadcast/outbox/wrapped-writes');

describe.each(OUTBOXES)('writes that are given a transaction, for a %s in %s', (kind, name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;
    let dataSource: DataSource;
    let app: OutboxApp;

    beforeAll(async () => {
      database = await openDatabase(name, `outbox_wrapped_${kind}`);
      ({ dataSource } = database);
    });
    afterAll(() => database?.drop());
    beforeEach(async () => {
      await database.empty();
      app = await startOutboxApp(kind, dataSource, { wrapAutocommit: true });
    });
    afterEach(() => app?.close());

    const count = () => dataSource.manager.count(Ticket);
    const refuse = () =>
      dataSource.subscribers.push({
        beforeTransactionCommit: () => Promise.reject(new Error('refused')),
      });

    it.each<[string, () => Promise<unknown>, number]>([
      ['insert()', () => dataSource.manager.insert(Ticket, { id: 'b' }), 2],
      ['update()', () => dataSource.manager.update(Ticket, 'a', { seat: 9 }), 1],
      ['delete()', () => dataSource.manager.delete(Ticket, 'a'), 0],
      ['upsert()', () => dataSource.manager.upsert(Ticket, { id: 'b' }, ['id']), 2],
      [
        'a query builder',
        () => dataSource.createQueryBuilder().insert().into(Ticket).values({ id: 'b' }).execute(),
        2,
      ],
    ])('%s is committed with its outbox row, or not at all', async (_form, write, rows) => {
      await dataSource.manager.save(Ticket, { id: 'a', seat: 1 });
      refuse();
      await expect(write()).rejects.toThrow('refused');
      dataSource.subscribers.pop();
      expect(await dataSource.manager.find(Ticket)).toMatchObject([{ id: 'a', seat: 1 }]);
      await write();
      expect(await count()).toBe(rows);
      expect(app.logger.lines.filter((line) => line.includes('outside a transaction'))).toEqual([]);
    });

    it('in a transaction of the application they are a part of that', async () => {
      const work = dataSource.transaction(async (manager) => {
        await manager.insert(Ticket, { id: 'a' });
        throw new Error('no');
      });
      await expect(work).rejects.toThrow('no');
      await dataSource.transaction((manager) => manager.insert(Ticket, { id: 'b' }));
      expect(await count()).toBe(1);
      expect(await app.told()).toEqual(['/tickets/b']);
    });

    it('in a transaction that was begun in SQL they are a part of that, too', async () => {
      const runner = dataSource.createQueryRunner();
      for (const [id, end] of [
        ['a', 'ROLLBACK'],
        ['b', 'COMMIT'],
      ] as const) {
        await runner.query('BEGIN');
        await runner.manager.insert(Ticket, { id });
        await runner.query(end);
      }
      await runner.release();
      expect(await count()).toBe(1);
      expect(await app.told()).toEqual(['/tickets/b']);
    });

    it('one that the database refuses costs nobody else a row', async () => {
      await dataSource.manager.insert(Ticket, { id: 'a' });
      const outcomes = await Promise.allSettled([
        dataSource.manager.insert(Ticket, { id: 'a' }),
        dataSource.manager.save(Book, { title: 'x' }),
        dataSource.manager.insert(Ticket, { id: 'b' }),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
      expect((await app.told()).toSorted()).toEqual(['/books/1 x', '/tickets/a', '/tickets/b']);
      expect(await dataSource.manager.count(Book)).toBe(1);
      expect(await count()).toBe(2);
    });

    it('many at once beside transactions that are rolled back: what is told is what is there', async () => {
      const ids = Array.from({ length: 40 }, (_, index) => `t${index}`);
      let turn: Promise<unknown> = Promise.resolve();
      const doomed = () =>
        (turn = turn.then(() =>
          dataSource
            .transaction(async (manager) => {
              await manager.save(Book, { title: 'doomed' });
              throw new Error('no');
            })
            .catch(() => undefined),
        ));
      await Promise.all(ids.flatMap((id) => [dataSource.manager.insert(Ticket, { id }), doomed()]));
      const rows = await dataSource.manager.find(Ticket);
      expect((await app.told()).toSorted()).toEqual(rows.map(({ id }) => `/tickets/${id}`).toSorted());
      expect(await dataSource.manager.count(Book)).toBe(0);
    });

    it('a hook of the application that begins a transaction for more does not wait for itself', async () => {
      dataSource.subscribers.push({
        listenTo: () => Ticket,
        async afterInsert({ manager }) {
          await manager.transaction((inner) => inner.save(Book, { title: 'more' }));
        },
      });
      await dataSource.manager.insert(Ticket, { id: 'a' });
      expect((await app.told()).toSorted()).toEqual(['/books/1 more', '/tickets/a']);
    });
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DataSource, EntityManager } from 'typeorm';
import { answering, openDatabase, type TestDatabase } from '../databases.js';
import { Book, OrderLine, Ticket } from '../entities.js';
import { type OutboxApp, OUTBOXES, startOutboxApp } from './outbox-app.js';

const there = await answering('test/broadcast/outbox/transactions');

const save = (manager: EntityManager, title: string) => manager.save(Book, { title });
const byId = (manager: EntityManager, id: number) => manager.findOneByOrFail(Book, { id });

describe.each(OUTBOXES)('an outbox, a %s in %s', (kind, name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;
    let dataSource: DataSource;
    let app: OutboxApp;

    beforeAll(async () => {
      database = await openDatabase(name, `outbox_transactions_${kind}`);
      ({ dataSource } = database);
    });
    afterAll(() => database?.drop());
    beforeEach(async () => {
      await database.empty();
      app = await startOutboxApp(kind, dataSource);
    });
    afterEach(() => app?.close());

    it('publishes what a transaction commits, in its order', async () => {
      await dataSource.transaction(async (manager) => {
        await save(manager, 'a');
        await manager.transaction((inner) => save(inner, 'b'));
        expect(app.accepted).toEqual([]);
      });
      expect(await app.told()).toEqual(['/books/1 a', '/books/2 b']);
    });

    it('publishes every kind of change, and what a transaction did to a row as one', async () => {
      await dataSource.transaction(async (manager) => {
        await save(manager, 'a');
        await manager.save(Book, { id: 1, title: 'b' });
      });
      await dataSource.manager.save(Book, { id: 1, title: 'c' });
      await dataSource.manager.softRemove(await byId(dataSource.manager, 1));
      const [gone] = await dataSource.manager.find(Book, { withDeleted: true });
      await dataSource.manager.recover(gone!);
      await dataSource.manager.remove(await byId(dataSource.manager, 1));
      await dataSource.transaction(async (manager) => {
        await manager.remove(Book, await save(manager, 'never there'));
      });
      expect(await app.told()).toEqual([
        '/books/1 b',
        '/books/1 c',
        '/books/1 deleted',
        '/books/1 c',
        '/books/1 deleted',
      ]);
    });

    it('publishes rows of a composite key, of each declaration, once', async () => {
      await dataSource.transaction(async (manager) => {
        const one = await manager.save(
          OrderLine,
          manager.create(OrderLine, { orderId: 1, line: 1, amount: 1 }),
        );
        await manager.save(OrderLine, { orderId: 1, line: 2, amount: 1 });
        await manager.save(Object.assign(one, { amount: 2 }));
      });
      expect(await app.told()).toEqual([
        '/line-list/1',
        '/order-lines/1,1',
        '/line-list/1',
        '/order-lines/1,2',
      ]);
      const [one, two] = await dataSource.manager.find(OrderLine, { order: { line: 1 } });
      await dataSource.manager.save(Object.assign(two!, { amount: 3 }));
      await dataSource.manager.remove(one!);
      expect((await app.told()).slice(4)).toEqual([
        '/order-lines/1,2',
        '/line-list/1 deleted',
        '/order-lines/1,1 deleted',
      ]);
      expect(app.accepted.filter(({ type }) => type === 'line')).toHaveLength(3);
    });

    it('publishes nothing of what is rolled back, not even to a savepoint', async () => {
      const failing = (manager: EntityManager, title: string) =>
        expect(
          manager.transaction(async (inner) => {
            await save(inner, title);
            throw new Error('no');
          }),
        ).rejects.toThrow('no');
      await failing(dataSource.manager, 'a');
      await dataSource.transaction(async (manager) => {
        await save(manager, 'b');
        await failing(manager, 'c');
      });
      expect((await app.told()).map((line) => line.split(' ')[1])).toEqual(['b']);
    });

    it('leaves no trace of a commit that a hook of the application refuses', async () => {
      dataSource.subscribers.push({
        async beforeTransactionCommit() {
          await Promise.resolve();
          throw new Error('refused');
        },
      });
      await expect(save(dataSource.manager, 'a')).rejects.toThrow('refused');
      dataSource.subscribers.pop();
      await save(dataSource.manager, 'b');
      expect((await app.told()).map((line) => line.split(' ')[1])).toEqual(['b']);
      expect(await dataSource.manager.count(Book)).toBe(1);
    });

    it('publishes what subscribers of the application write before the commit', async () => {
      dataSource.subscribers.push({
        async beforeTransactionCommit({ manager, queryRunner }) {
          if (queryRunner.data['again']) return;
          queryRunner.data['again'] = true;
          await manager.insert(Ticket, { id: 't', seat: 1 });
        },
      });
      await dataSource.transaction((manager) => save(manager, 'a'));
      expect(await app.told()).toEqual(['/books/1 a', '/tickets/t']);
      expect(app.logger.lines).toEqual([]);
    });

    it('publishes autocommit writes too, and says once for each entity what may happen to them', async () => {
      await dataSource.manager.insert(Ticket, [{ id: 't' }, { id: 'u' }]);
      await dataSource.manager.insert(Ticket, { id: 'v', seat: 1 });
      await dataSource.manager.insert(Book, { title: 'a' });
      await save(dataSource.manager, 'b');
      expect((await app.told()).toSorted()).toEqual([
        '/books/1 a',
        '/books/2 b',
        '/tickets/t',
        '/tickets/u',
        '/tickets/v',
      ]);
      expect(app.logger.lines).toEqual([
        expect.stringMatching(/^warn Broadcast of entity "Ticket": it is written outside a transaction/),
        expect.stringMatching(/^warn Broadcast of entity "Book": it is written outside a transaction/),
      ]);
    });

    it('publishes an autocommit write once where a subscriber of the application fails after each commit', async () => {
      dataSource.subscribers.push({ afterTransactionCommit: () => Promise.reject(new Error('theirs')) });
      await dataSource.manager.insert(Ticket, { id: 't', seat: 1 });
      expect(await app.told()).toEqual(['/tickets/t']);
      expect(app.logger.lines).toEqual([expect.stringMatching(/^warn .*outside a transaction/)]);
    });

    it('publishes a transaction that is larger than a row of the outbox', async () => {
      const titles = Array.from({ length: 1_200 }, (_, index) => `${index}`);
      await dataSource.transaction((manager) =>
        manager.save(
          Book,
          titles.map((title) => ({ title, note: 'x'.repeat(200) })),
          { chunk: 400 },
        ),
      );
      expect((await app.told()).map((line) => line.split(' ')[1])).toEqual(titles);
    });
  });
});

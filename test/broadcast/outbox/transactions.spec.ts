import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DataSource, EntityManager } from 'typeorm';
import { answering, DATABASES, openDatabase, type TestDatabase } from '../databases.js';
import { Book } from '../entities.js';
import { type OutboxApp, startOutboxApp } from './outbox-app.js';

const there = await answering('test/broadcast/outbox/transactions');

const save = (manager: EntityManager, title: string) => manager.save(Book, { title });

describe.each(DATABASES)('an outbox in a table of %s', (name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;
    let dataSource: DataSource;
    let app: OutboxApp;

    beforeAll(async () => {
      database = await openDatabase(name, 'outbox_transactions');
      ({ dataSource } = database);
    });
    afterAll(() => database?.drop());
    beforeEach(async () => {
      await database.empty();
      app = await startOutboxApp();
      app.broadcaster.attach(dataSource);
      await app.broadcaster.open(dataSource);
    });
    afterEach(async () => {
      await app.close();
      dataSource.subscribers.length = 0;
    });

    const told = async (): Promise<string[]> => {
      await app.broadcaster.flush();
      return app.told;
    };
    const titles = async (): Promise<string[]> =>
      (await dataSource.manager.find(Book, { order: { id: 'ASC' } })).map(({ title }) => title);

    it('publishes what a transaction commits, next to each other', async () => {
      await dataSource.transaction(async (manager) => {
        await save(manager, 'a');
        await manager.transaction((inner) => save(inner, 'b'));
        expect(app.told).toEqual([]);
      });
      expect(await told()).toEqual(['/books/1 a', '/books/2 b']);
      expect(app.batches).toHaveLength(1);
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
      expect((await told()).map((line) => line.split(' ')[1])).toEqual(['b']);
    });

    it('keeps what is committed while the hub takes nothing, and publishes it in order', async () => {
      let away = true;
      app.before = () => {
        if (away) throw new Error('away');
      };
      for (const title of ['a', 'b', 'c']) await save(dataSource.manager, title);
      await expect.poll(() => app.logger.lines.length).toBeGreaterThan(0);
      expect(await app.broadcaster.status()).toMatchObject([{ pending: 3, refused: 0 }]);
      away = false;
      expect(await told()).toEqual(['/books/1 a', '/books/2 b', '/books/3 c']);
      expect(await app.broadcaster.status()).toMatchObject([{ pending: 0, oldestMs: 0 }]);
      expect(await titles()).toEqual(['a', 'b', 'c']);
    });
  });
});

import { setTimeout as later } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DataSource, EntityManager } from 'typeorm';
import type { BroadcastScope } from '../../src/broadcast/broadcast-scope.js';
import { answering, DATABASES, openDatabase, type TestDatabase } from './databases.js';
import { Book, Tag, Visit } from './entities.js';
import { recordingBroadcaster } from './recording.js';

const there = await answering('test/broadcast/scope');

describe.each(DATABASES)('whose writes are told on %s', (name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;
    let dataSource: DataSource;
    let manager: EntityManager;
    let recording: ReturnType<typeof recordingBroadcaster>;
    let scope: BroadcastScope;

    beforeAll(async () => {
      database = await openDatabase(name, 'scope');
      ({ dataSource } = database);
      ({ manager } = dataSource);
    });
    afterAll(() => database?.drop());
    beforeEach(async () => {
      await database.empty();
      recording = recordingBroadcaster();
      recording.broadcaster.attach(dataSource);
      ({ scope } = recording.broadcaster);
    });
    afterEach(() => {
      dataSource.subscribers.length = 0;
    });

    async function told(): Promise<string[]> {
      await recording.broadcaster.flush();
      expect(recording.logger.lines).toEqual([]);
      return recording.publisher.updates.map(({ data }) => {
        const { title, originator = 'nobody' } = JSON.parse(data as string) as Record<string, string>;
        return `${title} by ${originator}`;
      });
    }

    it('what is suppressed is written and not told, nor warned about', async () => {
      const saved = await scope.suppress(async () => {
        await later(0);
        await manager.update(Book, { title: 'z' }, { note: 'all' });
        return manager.save(Book, { title: 'a' });
      });
      expect(saved.id).toBe(1);
      await manager.save(Book, { title: 'b' });
      expect(await told()).toEqual(['b by nobody']);
    });

    it('the changes of one transaction are told or not as each was made', async () => {
      await dataSource.transaction(async (inside) => {
        await scope.suppress(() => inside.save(Book, { title: 'a' }));
        await inside.save(Book, { title: 'b' });
      });
      await scope.suppress(() =>
        dataSource.transaction((inside) => inside.save(Book, { title: 'c' }, { transaction: false })),
      );
      expect(await told()).toEqual(['b by nobody']);
    });

    it('saves at the same time, which share a commit on SQLite, keep their own', async () => {
      await Promise.all([
        scope.suppress(() => manager.save(Book, { title: 'a' })),
        scope.originate('eve', () => manager.save(Book, { title: 'b' })),
        manager.save(Book, { title: 'c' }),
      ]);
      expect((await told()).toSorted()).toEqual(['b by eve', 'c by nobody']);
    });

    it('nothing is told while it is off', async () => {
      scope.enabled = false;
      await manager.save(Book, { title: 'a' });
      scope.enabled = true;
      await manager.save(Book, { title: 'b' });
      expect(await told()).toEqual(['b by nobody']);
    });

    it('a row that two have changed in one transaction is nobody’s', async () => {
      await dataSource.transaction(async (inside) => {
        const save = (by: string, title: string) =>
          scope.originate(by, () => inside.save(Book, { id: title === 'a' ? undefined : 1, title }));
        await save('eve', 'a');
        await save('mallory', 'b');
      });
      expect(await told()).toEqual(['b by nobody']);
    });

    it('deletes have an originator too', async () => {
      const book = await scope.suppress(() => manager.save(Object.assign(new Book(), { title: 'a' })));
      await scope.originate('eve', () => manager.remove(book));
      expect(await told()).toEqual(['undefined by eve']);
    });

    it('updates within a window are told as one, and none waits after a flush', async () => {
      recording.broadcaster.register(Visit, { topic: '/visits/{id}', windowMs: 3_600_000 });
      const save = (page: string) => manager.save(Visit, { id: 1, page });
      for (const page of ['a', 'b', 'c', 'd']) await save(page);
      await recording.broadcaster.flush();
      await save('e');
      await manager.remove(await manager.findOneByOrFail(Visit, { id: 1 }));
      await recording.broadcaster.flush();
      const pages = recording.publisher.updates.map(({ data }) => JSON.parse(data as string) as unknown);
      expect(pages).toEqual([
        { id: 1, page: 'a' },
        { id: 1, page: 'd' },
        expect.objectContaining({ deleted: true }),
      ]);
    });

    it('updates within a window are each row’s own, though a topic is that of many', async () => {
      recording.broadcaster.register(Visit, { topic: '/visits', windowMs: 3_600_000 });
      for (const page of ['a', 'b']) {
        await manager.save(Visit, { id: 1, page });
        await manager.save(Visit, { id: 2, page });
      }
      await recording.broadcaster.flush();
      expect(recording.publisher.updates.map(({ data }) => JSON.parse(data as string) as unknown)).toEqual([
        { id: 1, page: 'a' },
        { id: 2, page: 'a' },
        { id: 1, page: 'b' },
        { id: 2, page: 'b' },
      ]);
    });

    it('an update within a window that two have made is nobody’s', async () => {
      recording.broadcaster.register(Visit, { topic: '/visits/{id}', windowMs: 3_600_000 });
      const save = (by: string | undefined, page: string) =>
        scope.originate(by, () => manager.save(Visit, { id: 1, page }));
      const said = async () => {
        await recording.broadcaster.flush();
        const updates = recording.publisher.updates.map(({ data }) => JSON.parse(data as string) as object);
        recording.publisher.batches = [];
        return updates;
      };
      await save(undefined, 'a');
      await save('eve', 'b');
      await save('mallory', 'c');
      await save('mallory', 'd');
      expect(await said()).toEqual([
        { id: 1, page: 'a' },
        { id: 1, page: 'd' },
      ]);
      await save('eve', 'e');
      await save('eve', 'f');
      expect(await said()).toEqual([{ id: 1, page: 'f', originator: 'eve' }]);
    });

    it('what waits in a window does not come after what is told later, when something is registered meanwhile', async () => {
      recording.broadcaster.register(Visit, { topic: '/visits/{id}', windowMs: 3_600_000 });
      const save = (page: string) => manager.save(Visit, { id: 1, page });
      await save('a');
      await save('b');
      recording.broadcaster.register(Tag, { topic: '/tags/{id}' });
      await save('c');
      await recording.broadcaster.flush();
      const pages = recording.publisher.updates.map(({ data }) => JSON.parse(data as string) as unknown);
      expect(pages).toEqual([
        { id: 1, page: 'a' },
        { id: 1, page: 'c' },
      ]);
    });
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DataSource } from 'typeorm';
import type { UpdateInput } from '../../src/update/update.js';
import { answering, DATABASES, openDatabase, type TestDatabase } from './databases.js';
import { Book, Note, OrderLine } from './entities.js';
import { recordingBroadcaster } from './recording.js';

const there = await answering('test/broadcast/payload');

describe.each(DATABASES)('what an update holds on %s', (name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;
    let dataSource: DataSource;
    let recording: ReturnType<typeof recordingBroadcaster>;

    beforeAll(async () => {
      database = await openDatabase(name, 'payload');
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

    const updates = async (): Promise<UpdateInput[]> => {
      await recording.broadcaster.flush();
      return recording.publisher.updates;
    };
    const payloads = async (): Promise<unknown[]> =>
      (await updates()).map(({ data }) => JSON.parse(data as string) as unknown);

    const book = { id: 1, title: 'a', isbn: null, note: 'n', deletedAt: null };

    it('is the row as the database holds it: a column with select: false never leaves', async () => {
      await dataSource.manager.save(Book, { title: 'a', note: 'n', secret: 'hidden' });
      await dataSource.manager.insert(Book, { title: 'b', secret: 'hidden' });
      expect(await payloads()).toEqual([book, { ...book, id: 2, title: 'b', note: null }]);
    });

    it('is not event.entity: a partial save changes no other column', async () => {
      await dataSource.manager.save(Book, { title: 'a', note: 'n' });
      await dataSource.manager.save(Book, { id: 1, title: 'b' });
      expect((await payloads())[1]).toEqual({ ...book, title: 'b' });
    });

    it('has no relations, loaded or not', async () => {
      await dataSource.manager.save(Book, { title: 'a', note: 'n', chapters: [{ title: 'one' }] });
      expect(await payloads()).toEqual([book, { id: 1, title: 'one' }]);
    });

    it('is an entity of its class, so that toJSON() applies', async () => {
      Object.defineProperty(Book.prototype, 'toJSON', { configurable: true, value: () => ({ own: true }) });
      try {
        await dataSource.manager.save(Book, { title: 'a' });
        expect(await payloads()).toEqual([{ own: true }]);
      } finally {
        Reflect.deleteProperty(Book.prototype, 'toJSON');
      }
    });

    it('of a delete: @id, @type, the key and deleted', async () => {
      const line = { orderId: 1, line: 2, amount: 3 };
      await dataSource.manager.save(OrderLine, { ...line });
      await dataSource.manager.remove(OrderLine, await dataSource.manager.findOneByOrFail(OrderLine, line));
      expect((await payloads()).slice(2)).toEqual([
        {
          '@id': 'https://example.com/line-list/1',
          '@type': 'OrderLine',
          orderId: 1,
          line: 2,
          deleted: true,
        },
        {
          '@id': 'https://example.com/order-lines/1,2',
          '@type': 'OrderLine',
          orderId: 1,
          line: 2,
          deleted: true,
        },
      ]);
    });

    it('carries topics, privacy and type as declared, of deletes too', async () => {
      const note = await dataSource.manager.save(
        Note,
        Object.assign(new Note(), { slug: 'a/b ü', owner: 'eve' }),
      );
      note.owner = 'mallory';
      await dataSource.manager.remove(note);
      await dataSource.manager.save(OrderLine, { orderId: 1, line: 2, amount: 3 });
      const said = (await updates()).map(({ topic, private: isPrivate, type }) => ({
        topic,
        isPrivate,
        type,
      }));
      const topic = ['https://example.com/notes/a%2Fb%20%C3%BC', 'https://example.com/owners/eve'];
      expect(said).toEqual([
        { topic, isPrivate: true },
        { topic, isPrivate: true },
        { topic: ['https://example.com/line-list/1'], isPrivate: false, type: 'line' },
        { topic: ['https://example.com/order-lines/1,2'], isPrivate: false },
      ]);
      expect('type' in (await updates())[3]!).toBe(false);
    });

    it('is read in one SELECT for 500 rows of an entity', async () => {
      const selects: string[] = [];
      await dataSource.transaction(async (manager) => {
        await manager.save(
          Book,
          Array.from({ length: 501 }, (_, index) => ({ title: `${index}` })),
          { chunk: 100 },
        );
        dataSource.subscribers.push({
          afterQuery({ query }) {
            if (query.startsWith('SELECT')) selects.push(query);
          },
        });
      });
      expect(await updates()).toHaveLength(501);
      expect(selects).toHaveLength(2);
    });
  });
});

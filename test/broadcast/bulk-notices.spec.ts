import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { BroadcastOptions, BulkMode } from '../../src/broadcast/broadcast-options.js';
import { answering, DATABASES, openDatabase, type TestDatabase } from './databases.js';
import { Content, Photo } from './entities.js';
import { PUBLIC_URL, recordingBroadcaster } from './recording.js';

const there = await answering('test/broadcast/bulk-notices');

@Entity()
class Room {
  @PrimaryGeneratedColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar' })
  name!: string;
}

const WARNED = 'did not say which rows it changed';
const COLLECTION = { collection: true, bulk: 'collection' } as const;

describe.each(DATABASES)('writes that name no row on %s', (name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;

    beforeAll(async () => {
      database = await openDatabase(name, 'bulk_notices', [Room, Content, Photo]);
    });
    afterAll(() => database?.drop());
    beforeEach(async () => {
      await database.empty();
      await database.dataSource.manager.save(Room, [{ name: 'a' }, { name: 'b' }]);
    });

    type Recording = ReturnType<typeof recordingBroadcaster>;

    async function whileFollowing(
      declared: BroadcastOptions[],
      work: (recording: Recording) => Promise<unknown>,
      defaults?: { bulk: BulkMode },
    ): Promise<{ told: unknown[]; lines: string[]; recording: Recording }> {
      const recording = recordingBroadcaster(defaults);
      const { dataSource } = database;
      for (const options of declared) recording.broadcaster.register(Room, options);
      recording.broadcaster.attach(dataSource);
      try {
        await work(recording);
        await recording.broadcaster.flush();
      } finally {
        dataSource.subscribers.length = 0;
      }
      const told = recording.publisher.updates.map(({ topic, data, ...rest }) => ({
        topic: [topic].flat().map((each) => each.replace(PUBLIC_URL, '')),
        data: JSON.parse(data as string) as unknown,
        ...rest,
      }));
      return { told, lines: recording.logger.lines, recording };
    }

    const update = () => database.dataSource.manager.update(Room, { name: 'a' }, { name: 'c' });
    const erase = () => database.dataSource.manager.delete(Room, { name: 'b' });
    const notice = (bulk: string) => ({
      topic: ['/rooms'],
      data: { '@id': `${PUBLIC_URL}/rooms`, '@type': 'Room', bulk },
      private: false,
    });

    it('are warned about by default', async () => {
      const { told, lines } = await whileFollowing([{}], update);
      expect(told).toEqual([]);
      expect(lines).toEqual([expect.stringContaining(WARNED)]);
    });

    it('are not mentioned under "ignore"', async () => {
      const { told, lines } = await whileFollowing([{ bulk: 'ignore' }], update);
      expect({ told, lines }).toEqual({ told: [], lines: [] });
    });

    it('are told as one update on the collection under "collection"', async () => {
      const { told, lines } = await whileFollowing([COLLECTION], update);
      expect(told).toEqual([notice('update')]);
      expect(lines).toEqual([]);
    });

    it('are told once a transaction, as an update where they are of several kinds', async () => {
      const { told } = await whileFollowing([COLLECTION], () =>
        database.dataSource.transaction(async (manager) => {
          await manager.delete(Room, { name: 'a' });
          await manager.delete(Room, { name: 'b' });
        }),
      );
      expect(told).toEqual([notice('delete')]);
      const both = await whileFollowing([COLLECTION], () =>
        database.dataSource.transaction(async (manager) => {
          await manager.delete(Room, { name: 'a' });
          await manager.update(Room, { name: 'b' }, { name: 'c' });
        }),
      );
      expect(both.told).toEqual([notice('update')]);
    });

    it('are not told where they were rolled back, to a savepoint too', async () => {
      const { told } = await whileFollowing([COLLECTION], () =>
        database.dataSource.transaction(async (manager) => {
          await manager.delete(Room, { name: 'a' });
          const inner = manager.transaction(async (nested) => {
            await nested.update(Room, { name: 'b' }, { name: 'c' });
            throw new Error('no');
          });
          await expect(inner).rejects.toThrow('no');
        }),
      );
      expect(told).toEqual([notice('delete')]);
    });

    it('come with what names its rows, in one hand-over', async () => {
      const { told, recording } = await whileFollowing([COLLECTION], () =>
        database.dataSource.transaction(async (manager) => {
          await manager.update(Room, { name: 'a' }, { name: 'c' });
          await manager.save(Room, { name: 'd' });
        }),
      );
      expect(recording.publisher.batches).toHaveLength(1);
      expect(told).toEqual([
        notice('update'),
        { topic: ['/rooms/3', '/rooms'], data: { id: 3, name: 'd' }, private: false },
      ]);
    });

    it('are told as each declaration says, and with the operation’s name where events have it', async () => {
      const topic = `${PUBLIC_URL}/racks`;
      const { told, lines } = await whileFollowing(
        [
          { bulk: 'ignore' },
          { topic: '/rack/{id}', collection: '/racks', bulk: 'collection', type: 'operation' },
        ],
        erase,
      );
      expect(told).toEqual([
        {
          topic: ['/racks'],
          data: { '@id': topic, '@type': 'Room', bulk: 'delete' },
          private: false,
          type: 'delete',
        },
      ]);
      expect(lines).toEqual([]);
    });

    it('are not told where their operation is not', async () => {
      const { told } = await whileFollowing([{ ...COLLECTION, on: ['create', 'update'] }], erase);
      expect(told).toEqual([]);
    });

    it('say who made them', async () => {
      const { told } = await whileFollowing([COLLECTION], ({ broadcaster }) =>
        broadcaster.scope.originate('me', update),
      );
      expect(told).toMatchObject([{ data: { bulk: 'update', originator: 'me' } }]);
    });

    it('follow the module’s default, and "collection" only where there is one', async () => {
      const bulk = 'collection';
      expect((await whileFollowing([{ collection: true }], update, { bulk })).told).toEqual([
        notice('update'),
      ]);
      const without = await whileFollowing([{}], erase, { bulk });
      expect(without.told).toEqual([]);
      expect(without.lines).toEqual([expect.stringContaining(WARNED)]);
      const silent = await whileFollowing([{}], erase, { bulk: 'ignore' });
      expect(silent.lines).toEqual([]);
    });

    it('through a parent are told of its children too', async () => {
      const recording = recordingBroadcaster({ bulk: 'collection' });
      const { dataSource } = database;
      recording.broadcaster.register(Photo, { collection: true });
      recording.broadcaster.attach(dataSource);
      try {
        await dataSource.manager.update(Content, { title: 'a' }, { title: 'b' });
        await recording.broadcaster.flush();
      } finally {
        dataSource.subscribers.length = 0;
      }
      expect(recording.publisher.updates.map(({ topic }) => topic)).toEqual([[`${PUBLIC_URL}/photos`]]);
      // The parent's own declaration has no collection.
      expect(recording.logger.lines).toEqual([
        expect.stringContaining(`"Content" (update): a write did not`),
      ]);
    });
  });
});

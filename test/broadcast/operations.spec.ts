import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  Column,
  type DataSource,
  DeleteDateColumn,
  Entity,
  type EntityManager,
  ManyToOne,
  PrimaryColumn,
  type Relation,
} from 'typeorm';
import type { BroadcastOptions } from '../../src/broadcast/broadcast-options.js';
import { Broadcast } from '../../src/broadcast/broadcast.decorator.js';
import { answering, DATABASES, openDatabase, type TestDatabase } from './databases.js';
import { recordingBroadcaster } from './recording.js';

const there = await answering('test/broadcast/operations');

@Entity()
class Owner {
  @PrimaryColumn({ type: 'int' })
  id!: number;
}

class Place {
  @Column({ type: 'varchar', default: '' })
  city!: string;
}

@Entity()
class Parcel {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar' })
  title!: string;

  @Column({ type: 'int', default: 0 })
  seen!: number;

  @Column({ type: 'int', select: false, default: 0 })
  secret!: number;

  @Column(() => Place)
  place!: Place;

  @DeleteDateColumn({ nullable: true })
  deletedAt!: Date | null;

  @ManyToOne(() => Owner, { nullable: true })
  owner!: Relation<Owner> | null;
}

describe.each(DATABASES)('which operations are told on %s', (name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;
    let dataSource: DataSource;
    let manager: EntityManager;
    let recording: ReturnType<typeof recordingBroadcaster>;

    beforeAll(async () => {
      database = await openDatabase(name, 'operations', [Owner, Parcel]);
      ({ dataSource } = database);
      ({ manager } = dataSource);
    });
    afterAll(() => database?.drop());
    beforeEach(async () => {
      await database.empty();
      await manager.insert(Owner, [{ id: 1 }, { id: 2 }]);
    });
    afterEach(() => {
      dataSource.subscribers.length = 0;
    });

    function declare(options: BroadcastOptions<Parcel>): void {
      recording = recordingBroadcaster();
      recording.broadcaster.register(Parcel, options as BroadcastOptions);
      recording.broadcaster.attach(dataSource);
    }

    async function told(): Promise<string[]> {
      await recording.broadcaster.flush();
      expect(recording.logger.lines).toEqual([]);
      const lines = recording.publisher.told;
      recording.publisher.batches = [];
      return lines;
    }

    const parcel = (id: number) => Object.assign(new Parcel(), { id });
    const find = () => manager.findOneOrFail(Parcel, { where: { id: 1 }, withDeleted: true });

    /** Everything that can happen to a row, a line each. */
    async function live(): Promise<Record<string, string[]>> {
      const lines: Record<string, string[]> = {};
      const step = async (what: string, act: () => Promise<unknown>) => {
        await act();
        lines[what] = await told();
      };
      await step('create', () => manager.save(Parcel, { id: 1, title: 'a', owner: { id: 1 } }));
      await step('update', () => manager.save(Parcel, { id: 1, title: 'b' }));
      await step('softDelete', async () => manager.softRemove(await find()));
      await step('recover', async () => manager.recover(await find()));
      await step('delete', () => manager.remove(parcel(1)));
      return lines;
    }

    const all = {
      create: ['/parcels/1 a'],
      update: ['/parcels/1 b'],
      softDelete: ['/parcels/1 deleted'],
      recover: ['/parcels/1 b'],
      delete: ['/parcels/1 deleted'],
    };

    it.each<[string, BroadcastOptions<Parcel>, Partial<typeof all>]>([
      ['all by default', {}, {}],
      ['all that are true', { create: true, update: true, delete: true }, {}],
      ['no create', { create: false }, { create: [] }],
      ['no update, of which a recovery is one', { update: false }, { update: [], recover: [] }],
      ['no update, but a recovery', { update: false, recover: true }, { update: [] }],
      ['no recovery', { recover: false }, { recover: [] }],
      ['no delete, of which a soft one is one', { delete: false }, { delete: [], softDelete: [] }],
      ['no delete, but a soft one', { delete: false, softDelete: {} }, { delete: [] }],
      ['no soft delete', { softDelete: false }, { softDelete: [] }],
      ['what "on" does not name', { on: ['create', 'delete'], recover: true }, { update: [], recover: [] }],
    ])('%s', async (_what, options, differing) => {
      declare(options);
      expect(await live()).toEqual({ ...all, ...differing });
    });

    it('a condition is given the row, and the row as it was where there was one', async () => {
      const asked: string[] = [];
      const when =
        (kind: string) =>
        (now: Parcel, before: Parcel | undefined): boolean => {
          asked.push(`${kind} ${before?.title} ${now.title}`);
          return kind !== 'update';
        };
      declare({
        create: { when: when('create') },
        update: { when: when('update') },
        recover: { when: when('recover') },
        delete: { when: when('delete') },
        softDelete: { when: when('softDelete') },
      });
      expect(await live()).toEqual({ ...all, update: [] });
      expect(asked).toEqual([
        'create undefined a',
        'update a b',
        'softDelete b b',
        'recover b b',
        'delete b b',
      ]);
    });

    it('a condition of updates holds for recoveries, one of deletes for soft ones', async () => {
      declare({ update: { columns: ['seen'], when: () => true }, delete: { when: () => false } });
      expect(await live()).toEqual({ ...all, update: [], softDelete: [], delete: [] });
    });

    it('a condition that throws costs its update, and is logged', async () => {
      declare({
        create: {
          when: () => {
            throw new Error('theirs');
          },
        },
      });
      await manager.save(Parcel, { id: 1, title: 'a' });
      await recording.broadcaster.flush();
      expect(recording.publisher.told).toEqual([]);
      expect(recording.logger.lines).toEqual([
        expect.stringMatching(/entity "Parcel" \(create\): theirs.*"when"/),
      ]);
    });

    describe('columns', () => {
      const change = async (columns: string[], values: object): Promise<string[]> => {
        declare({ update: { columns } });
        await manager.save(Parcel, { id: 1, title: 'a', owner: { id: 1 } });
        await told();
        await manager.save(Parcel, { id: 1, ...values });
        return told();
      };

      it.each<[string, string[], object, boolean]>([
        ['one of them changed', ['title', 'seen'], { seen: 1 }, true],
        ['another changed', ['title'], { seen: 1 }, false],
        ['one that nobody sees changed', ['title'], { secret: 1 }, false],
        ['of an embedded object', ['place.city'], { place: { city: 'Lille' } }, true],
        ['an embedded object', ['place'], { place: { city: 'Lille' } }, true],
        ['a relation', ['owner'], { owner: { id: 2 } }, true],
        ['a relation that the write does not name', ['owner'], { title: 'b' }, false],
      ])('%s', async (_what, columns, values, isTold) => {
        expect(await change(columns, values)).toHaveLength(isTold ? 1 : 0);
      });

      it('are compared with what was there before the transaction', async () => {
        declare({ update: { columns: ['title'] } });
        await manager.save(Parcel, { id: 1, title: 'a' });
        await dataSource.transaction(async (inside) => {
          await inside.save(Parcel, { id: 1, title: 'b' });
          await inside.save(Parcel, { id: 1, title: 'a', seen: 1 });
        });
        await dataSource.transaction(async (inside) => {
          await inside.save(Parcel, { id: 1, title: 'b' });
          await inside.save(Parcel, { id: 1, seen: 2 });
        });
        expect(await told()).toEqual(['/parcels/1 a', '/parcels/1 b']);
      });
    });

    it('a row that moves is a delete and a create', async () => {
      declare({ topic: '/seen/{seen}', update: false });
      await manager.save(Parcel, { id: 1, title: 'a' });
      await manager.save(Parcel, { id: 1, title: 'b' });
      await manager.save(Parcel, { id: 1, seen: 1 });
      expect(await told()).toEqual(['/seen/0 a', '/seen/0 deleted', '/seen/1 b']);
    });

    describe('a row that comes back in the transaction that soft-deleted it', () => {
      const gone = async (inside: EntityManager) =>
        inside.softRemove(await inside.findOneByOrFail(Parcel, { id: 1 }));
      const back = async (inside: EntityManager) =>
        inside.recover(await inside.findOneOrFail(Parcel, { where: { id: 1 }, withDeleted: true }));

      it('was never gone: there is nothing new to tell', async () => {
        declare({});
        await manager.save(Parcel, { id: 1, title: 'a', owner: { id: 1 } });
        await dataSource.transaction(async (inside) => {
          await gone(inside);
          await back(inside);
        });
        expect(await told()).toEqual(['/parcels/1 a']);
      });

      it.each<[string, object, string[]]>([
        ['a column', { title: 'b' }, ['/parcels/1 b']],
        // Its followers of the owner it left are told a delete.
        ['what it points to', { owner: { id: 2 } }, ['/owners/1 deleted', '/parcels/1 a']],
        ['what it pointed to', { owner: null }, ['/owners/1 deleted', '/parcels/1 a']],
      ])('and had %s changed is updated, and not recovered', async (_what, values, lines) => {
        declare({ recover: false, topic: ['/parcels/{id}', '/owners/{owner.id}'] });
        await manager.save(Parcel, { id: 1, title: 'a', owner: { id: 1 } });
        await told();
        await dataSource.transaction(async (inside) => {
          await gone(inside);
          await inside.save(Parcel, { id: 1, ...values });
          await back(inside);
        });
        expect(await told()).toEqual(lines);
      });

      it('and stays gone, changed meanwhile, is deleted', async () => {
        declare({});
        await manager.save(Parcel, { id: 1, title: 'a' });
        await told();
        await dataSource.transaction(async (inside) => {
          await gone(inside);
          await inside.save(Parcel, { id: 1, title: 'b' });
        });
        expect(await told()).toEqual(['/parcels/1 deleted']);
      });

      it('and was made in it, too, is created', async () => {
        declare({});
        await dataSource.transaction(async (inside) => {
          await inside.save(Parcel, { id: 1, title: 'a' });
          await gone(inside);
          await back(inside);
        });
        expect(await told()).toEqual(['/parcels/1 a']);
      });

      it('and stays gone, made in it, is not told', async () => {
        declare({});
        await dataSource.transaction(async (inside) => {
          await inside.save(Parcel, { id: 1, title: 'a' });
          await gone(inside);
        });
        await dataSource.transaction(async (inside) => {
          await inside.save(Parcel, { id: 2, title: 'b' });
          await inside.remove(await inside.findOneByOrFail(Parcel, { id: 2 }));
        });
        expect(await told()).toEqual([]);
      });

      it('only for a moment, soft-deleted before, is not told', async () => {
        declare({});
        await manager.save(Parcel, { id: 1, title: 'a' });
        await gone(manager);
        await told();
        await dataSource.transaction(async (inside) => {
          await back(inside);
          await gone(inside);
        });
        expect(await told()).toEqual([]);
      });
    });
  });
});

/** SQLite's driver ends the process at a key of bytes. */
const BINARY = (['PostgreSQL', 'MariaDB'] as const).filter((name) => DATABASES.includes(name));

describe.each(BINARY)('a foreign key of bytes on %s', (name) => {
  describe.skipIf(!there.has(name))('', () => {
    it('that did not change is no change of what it points to', async () => {
      @Entity()
      class Safe {
        @PrimaryColumn(name === 'MariaDB' ? { type: 'binary', length: 4 } : { type: 'bytea' })
        id!: Buffer;
      }
      @Broadcast<Coin>({ topic: '/coins/{id}', update: { columns: ['safe'] } })
      @Entity()
      class Coin {
        @PrimaryColumn({ type: 'int' })
        id!: number;

        @Column({ type: 'varchar', length: 9 })
        title!: string;

        @ManyToOne(() => Safe)
        safe!: Relation<Safe>;
      }
      const database = await openDatabase(name, 'operations_bytes', [Safe, Coin]);
      try {
        const { broadcaster, publisher } = recordingBroadcaster();
        broadcaster.attach(database.dataSource);
        const { manager } = database.dataSource;
        const [one, other] = ['1234', '5678'].map((text) => ({ id: Buffer.from(text) }));
        await manager.insert(Safe, [one!, other!]);
        const coin = { id: 1, safe: one! };
        await manager.save(Coin, { ...coin, title: 'a' });
        await manager.save(Coin, { ...coin, title: 'b' });
        await manager.save(Coin, { ...coin, title: 'c', safe: other! });
        await broadcaster.flush();
        expect(publisher.told).toEqual(['/coins/1 a', '/coins/1 c']);
      } finally {
        await database.drop();
      }
    });
  });
});

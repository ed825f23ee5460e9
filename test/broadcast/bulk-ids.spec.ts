import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  Column,
  DataSource,
  DeleteDateColumn,
  Entity,
  type EntityManager,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  SelectQueryBuilder,
  UpdateQueryBuilder,
  VersionColumn,
} from 'typeorm';
import { Broadcast } from '../../src/broadcast/broadcast.decorator.js';
import {
  answering,
  type DatabaseName,
  DATABASES,
  openDatabase,
  type TestDatabase,
  TYPEORM,
} from './databases.js';
import { HANG_GUARD_MS } from '../support/byte-log.js';
import { Content, Photo } from './entities.js';
import { PUBLIC_URL, recordingBroadcaster, tell } from './recording.js';

const there = await answering('test/broadcast/bulk-ids');

@Broadcast({ topic: '/people/{id}' })
@Entity()
class Writer {
  @PrimaryGeneratedColumn({ type: 'int' })
  id!: number;

  @OneToMany('Poem', 'writer', { cascade: true })
  poems!: Relation<Poem>[];

  @OneToMany('Poem', 'reader')
  read!: Relation<Poem>[];
}

@Broadcast({ topic: '/people/{writer.id}/poems/{id}', private: (poem: Poem) => poem.draft })
@Entity()
class Poem {
  @PrimaryGeneratedColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar' })
  title!: string;

  @Column({ type: 'int', default: 0 })
  likes!: number;

  @Column({ type: 'boolean', default: false })
  draft!: boolean;

  @VersionColumn()
  version!: number;

  @DeleteDateColumn({ nullable: true })
  deletedAt!: Date | null;

  @ManyToOne(() => Writer, 'poems', { nullable: true })
  writer!: Relation<Writer> | null;

  @ManyToOne(() => Writer, 'read', { nullable: true })
  reader!: Relation<Writer> | null;
}

/** A key of the application's own, that a write may change. */
@Broadcast()
@Entity()
class Seat {
  @PrimaryColumn({ type: 'varchar', length: 20 })
  code!: string;

  @Column({ type: 'varchar', length: 20 })
  title!: string;
}

/** Names that are no property's, that SQL must escape, and an order for its reads. */
@Broadcast({ topic: '/slots/{slotNo}/{order}' })
@Entity('Order', { orderBy: { order: 'DESC', title: 'ASC' } })
class Slot {
  @PrimaryColumn({ type: 'int', name: 'Slot' })
  slotNo!: number;

  @PrimaryColumn({ type: 'int' })
  order!: number;

  @Column({ type: 'varchar', name: 'Group' })
  title!: string;
}

/** Rows of one write come in the order the database finds them. */
const MANY: readonly DatabaseName[] = TYPEORM === '1' ? [...DATABASES, 'MySQL'] : DATABASES;

describe.each(MANY)('the rows of criteria writes on %s', (name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;
    let recording: ReturnType<typeof recordingBroadcaster>;
    let manager: EntityManager;

    beforeAll(async () => {
      database = await openDatabase(name, 'bulk_ids', [Writer, Poem, Seat, Slot, Content, Photo]);
      ({ manager } = database.dataSource);
    });
    afterAll(() => database?.drop());
    beforeEach(async () => {
      database.dataSource.subscribers.length = 0;
      await database.empty();
      await manager.save(Writer, [{}, {}]);
      await manager.save(Poem, [
        { title: 'a', writer: { id: 1 } },
        { title: 'b', writer: { id: 1 } },
        { title: 'c', writer: { id: 2 }, draft: true },
      ]);
      follow();
    });

    function follow(options: Parameters<typeof recordingBroadcaster>[0] = {}): void {
      database.dataSource.subscribers.length = 0;
      recording = recordingBroadcaster({ bulk: 'ids', ...options });
      recording.broadcaster.attach(database.dataSource);
    }

    /** The statements from now on, by their first words; each call takes those since the last. */
    function queries(): () => string[] {
      const seen: string[] = [];
      const first = /^(?:START TRANSACTION|BEGIN|[A-Z]+)/;
      database.dataSource.subscribers.push({
        beforeQuery: ({ query }) => void seen.push(first.exec(query)?.[0] ?? query),
      });
      return () => seen.splice(0);
    }

    async function told(): Promise<string[]> {
      await recording.broadcaster.flush();
      expect(recording.logger.lines).toEqual([]);
      return recording.publisher.told;
    }

    it('are told like those of save(): update(), with its result as it was', async () => {
      const result = await manager.update(Poem, { writer: { id: 1 } }, { title: 'x' });
      expect(result).toEqual({ generatedMaps: [], raw: [], affected: 2 });
      expect(await told()).toEqual(['/people/1/poems/1 x', '/people/1/poems/2 x']);
      expect(JSON.parse(recording.publisher.updates[0]!.data as string)).toMatchObject({ version: 2 });
    });

    it('increment() and decrement()', async () => {
      await manager.increment(Poem, { title: 'a' }, 'likes', 2);
      await manager.decrement(Poem, { title: 'a' }, 'likes', 1);
      expect(await told()).toEqual(['/people/1/poems/1 a', '/people/1/poems/1 a']);
      expect(JSON.parse(recording.publisher.updates[1]!.data as string)).toMatchObject({ likes: 1 });
    });

    it('delete(), on the topics the rows had and with the privacy they had', async () => {
      const result = await manager.delete(Poem, { title: 'c' });
      expect(result).toEqual({ raw: [], affected: 1 });
      expect(await told()).toEqual(['/people/2/poems/3 deleted']);
      expect(recording.publisher.updates[0]).toMatchObject({ private: true });
    });

    it('softDelete() and restore(), of those it is meant for', async () => {
      await manager.softDelete(Poem, { id: 1 });
      await manager.softDelete(Poem, { writer: { id: 1 } });
      await manager.restore(Poem, { writer: { id: 1 } });
      expect((await told()).slice(0, 2)).toEqual(['/people/1/poems/1 deleted', '/people/1/poems/2 deleted']);
      expect((await told()).slice(2).toSorted()).toEqual(['/people/1/poems/1 a', '/people/1/poems/2 b']);
    });

    it('query builders, with conditions and parameters of their own', async () => {
      const builder = manager.createQueryBuilder().update(Poem).set({ title: 'x' });
      await builder.where('likes = :likes AND id > :id', { likes: 0, id: 1 }).execute();
      await manager
        .createQueryBuilder()
        .delete()
        .from(Poem)
        .where('title IN (:...t)', { t: ['x'] })
        .execute();
      expect(await told()).toEqual([
        '/people/1/poems/2 x',
        '/people/2/poems/3 x',
        '/people/1/poems/2 deleted',
        '/people/2/poems/3 deleted',
      ]);
    });

    it('query builders are what they are without followers', () => {
      const { expressionMap } = manager.createQueryBuilder(Poem, 'poem');
      expect(expressionMap.mainAlias).toBe(expressionMap.aliases[0]);
      expect(manager.createQueryBuilder(Poem, 'poem').getQuery()).toMatch(/^SELECT .*poem/);
      expect(manager.createQueryBuilder()).toBeInstanceOf(SelectQueryBuilder);
      expect(manager.createQueryBuilder().update(Poem)).toBeInstanceOf(UpdateQueryBuilder);
      expect(manager.createQueryBuilder().update(Poem).constructor.name).toBe('UpdateQueryBuilder');
    });

    it('a builder that is cloned, and one that is executed twice', async () => {
      const first = manager.createQueryBuilder().update(Poem).set({ title: 'x' }).where({ id: 1 });
      await first.clone().execute();
      await first.set({ title: 'y' }).execute();
      await first.set({ title: 'z' }).execute();
      expect(await told()).toEqual(['/people/1/poems/1 x', '/people/1/poems/1 y', '/people/1/poems/1 z']);
    });

    it('of a table whose names are no properties’, and must be escaped', async () => {
      await manager.insert(Slot, [
        { slotNo: 1, order: 1, title: 'a' },
        { slotNo: 1, order: 2, title: 'b' },
        { slotNo: 2, order: 1, title: 'c' },
      ]);
      await recording.broadcaster.flush();
      const after = async (write: (inside: EntityManager) => Promise<unknown>, isAlone: boolean) => {
        recording.publisher.batches = [];
        await (isAlone ? write(manager) : database.dataSource.transaction(write));
        return (await told()).toSorted();
      };
      for (const isAlone of [true, false]) {
        const title = String(isAlone);
        expect(await after((m) => m.update(Slot, { order: 1 }, { title }), isAlone)).toEqual([
          `/slots/1/1 ${title}`,
          `/slots/2/1 ${title}`,
        ]);
        const order = isAlone ? 2 : 1;
        expect(await after((m) => m.delete(Slot, { slotNo: 1, order }), isAlone)).toEqual([
          `/slots/1/${order} deleted`,
        ]);
      }
    });

    it('a write without a condition', async () => {
      await manager.createQueryBuilder().update(Poem).set({ title: 'x' }).execute();
      expect(await told()).toHaveLength(3);
    });

    it('a write that changes nothing tells nothing', async () => {
      await manager.update(Poem, { title: 'none' }, { title: 'x' });
      await manager.delete(Poem, { title: 'none' });
      expect(await told()).toEqual([]);
    });

    it('relation().of().set(), and the same of the other side', async () => {
      await manager.createQueryBuilder().relation(Poem, 'writer').of(1).set(2);
      await manager.createQueryBuilder().relation(Writer, 'poems').of(1).add(3);
      expect(await told()).toEqual([
        '/people/1/poems/1 deleted',
        '/people/2/poems/1 a',
        '/people/2/poems/3 deleted',
        '/people/1/poems/3 c',
      ]);
    });

    it('orphans that are set free', async () => {
      await manager.update(Poem, { id: 1 }, { reader: { id: 2 } });
      await recording.broadcaster.flush();
      follow();
      const writer = await manager.findOneOrFail(Writer, { where: { id: 2 }, relations: { read: true } });
      writer.read = [];
      await manager.save(writer);
      expect(await told()).toEqual(['/people/1/poems/1 a']);
    });

    it('rows that move are deleted where they were', async () => {
      await manager.update(Poem, { title: 'a' }, { writer: { id: 2 } });
      expect(await told()).toEqual(['/people/1/poems/1 deleted', '/people/2/poems/1 a']);
    });

    it('rows whose deletion date is set and unset by hand', async () => {
      await manager.update(Poem, { id: 1 }, { deletedAt: new Date() });
      await manager.update(Poem, { id: 1 }, { title: 'x' });
      await manager.update(Poem, { id: 1 }, { deletedAt: null });
      expect(await told()).toEqual(['/people/1/poems/1 deleted', '/people/1/poems/1 x']);
    });

    it('in a transaction, with what save() did: one update a row, none where it is rolled back', async () => {
      await database.dataSource.transaction(async (tx) => {
        await tx.save(Poem, { id: 1, title: 'x' });
        await tx.update(Poem, { writer: { id: 1 } }, { title: 'y' });
        const inner = tx.transaction(async (nested) => {
          await nested.delete(Poem, { id: 3 });
          throw new Error('no');
        });
        await expect(inner).rejects.toThrow('no');
        await tx.delete(Poem, { id: 2 });
      });
      expect(await told()).toEqual(['/people/1/poems/1 y', '/people/1/poems/2 deleted']);
      expect(recording.publisher.batches).toHaveLength(1);
    });

    it('a builder that asks for a transaction', async () => {
      const builder = manager.createQueryBuilder().update(Poem).set({ title: 'x' }).where({ id: 1 });
      await builder.useTransaction(true).execute();
      expect(await told()).toEqual(['/people/1/poems/1 x']);
    });

    it('a child of single-table inheritance is told as itself, through its parent too', async () => {
      await manager.save(Photo, { title: 'p', size: 's' });
      await manager.save(Content, { title: 'q' });
      await recording.broadcaster.flush();
      follow();
      await manager.update(Content, { id: 1 }, { title: 'x' });
      await manager.update(Photo, { title: 'x' }, { size: 'm' });
      expect(await told()).toEqual(['/photos/1 x', '/photos/1 x']);
      await manager.createQueryBuilder().delete().from(Content).execute();
      expect((await told()).slice(2).toSorted()).toEqual(['/contents/2 deleted', '/photos/1 deleted']);
    });

    it('a write that fails tells nothing, and fails as it would', async () => {
      await manager.insert(Seat, [
        { code: 'a', title: '1' },
        { code: 'b', title: '2' },
      ]);
      await recording.broadcaster.flush();
      follow();
      await expect(manager.update(Seat, { code: 'a' }, { code: 'b' })).rejects.toThrow(/UNIQUE|duplicate/i);
      expect(await told()).toEqual([]);
      // The event that did not come is not waited for: what names no row is told as that.
      follow({ bulk: 'warn' });
      await manager.update(Seat, { code: 'a' }, { title: '3' });
      await recording.broadcaster.flush();
      expect(recording.logger.lines).toEqual([expect.stringContaining('did not say which rows')]);
    });

    it('rows that get another key are deleted under the old one', async () => {
      await manager.insert(Seat, { code: 'a', title: '1' });
      await recording.broadcaster.flush();
      follow();
      await manager.update(Seat, { code: 'a' }, { code: 'b' });
      await recording.broadcaster.flush();
      const returns = name === 'SQLite' || name === 'PostgreSQL';
      expect(recording.publisher.told).toEqual(['/seats/a deleted', ...(returns ? ['/seats/b 1'] : [])]);
      // Without RETURNING nobody knows the new one.
      expect(recording.logger.lines).toHaveLength(returns ? 0 : 1);
    });

    it('of more rows than are named at most the collection is told, or the log', async () => {
      follow({ maxBulkRows: 2 });
      await manager.update(Poem, { writer: { id: 1 } }, { title: 'x' });
      await manager.update(Poem, { likes: 0 }, { title: 'y' });
      recording.broadcaster.register(Writer, { collection: true });
      await manager.save(Writer, {});
      await manager
        .createQueryBuilder()
        .update(Writer)
        .set({ id: () => 'id' })
        .execute();
      await recording.broadcaster.flush();
      expect(recording.publisher.told.slice(0, 2)).toEqual(['/people/1/poems/1 x', '/people/1/poems/2 x']);
      expect(recording.publisher.updates.at(-1)).toMatchObject({
        topic: [`${PUBLIC_URL}/writers`],
        data: expect.stringContaining('"bulk":"update"') as string,
      });
      expect(recording.logger.lines).toEqual([
        expect.stringContaining('"Poem" (update): a write'),
        expect.stringContaining('"Writer" (update): a write'),
      ]);
    });

    it('are told to the declarations that ask for them, to others as those say', async () => {
      follow({ bulk: 'warn' });
      recording.broadcaster.register(Writer, { topic: '/w/{id}', bulk: 'ids' });
      recording.broadcaster.register(Writer, { collection: true, bulk: 'collection' });
      recording.broadcaster.register(Writer, { topic: '/v/{id}', bulk: 'ignore' });
      await manager.createQueryBuilder().relation(Poem, 'writer').of(1).set(null);
      await manager.update(Writer, 1, { id: 1 });
      await recording.broadcaster.flush();
      expect(recording.publisher.updates.map(tell)).toEqual(['/w/1', '/writers']);
      expect(recording.logger.lines).toEqual([
        expect.stringContaining('"Poem" (update)'),
        expect.stringContaining('"Writer" (update)'),
      ]);
    });

    it.each<[string, () => Promise<unknown>, string]>([
      ['changed', () => manager.update(Poem, { writer: { id: 2 } }, { title: 'x' }), 'x'],
      ['removed', () => manager.delete(Poem, { writer: { id: 2 } }), 'deleted'],
      ['soft-deleted', () => manager.softDelete(Poem, { writer: { id: 2 } }), 'deleted'],
    ])(
      'rows that come between the read and the write, and are %s, are told where the statement returns them',
      async (_what, write, said) => {
        // Elsewhere they cannot come: the rows that were read, and the places between them, are locked.
        if (name === 'MariaDB' || name === 'MySQL') return;
        const late = { title: 'd', likes: 0, draft: true, writer: { id: 2 } };
        const other =
          name === 'SQLite' ? database.dataSource : await new DataSource(database.options).initialize();
        const come = () => recording.broadcaster.scope.suppress(() => other.manager.insert(Poem, late));
        const hook = async () => void (await come());
        database.dataSource.subscribers.push({
          beforeUpdate: hook,
          beforeRemove: hook,
          beforeSoftRemove: hook,
        });
        await write();
        if (other !== database.dataSource) await other.destroy();
        const poem = (id: number) => `/people/2/poems/${id} ${said}`;
        expect((await told()).toSorted()).toEqual([poem(3), poem(4)]);
        expect(recording.publisher.updates.map(({ private: isPrivate }) => isPrivate)).toEqual([true, true]);
      },
    );

    const losesADeadlock = 'are told though our read of them loses a deadlock';
    const losesItsTransaction =
      'whose read loses a deadlock, and with it the transaction, fail as the write would';

    const onPostgres = async () => {
      type Asks = Pick<EntityManager, 'query'>;
      const pidOf = async (asks: Asks) =>
        (await asks.query<[{ pid: number }]>('SELECT pg_backend_pid() AS pid'))[0].pid;
      const blocked = (pid: number) =>
        expect
          .poll(
            async () => {
              const sql = 'SELECT cardinality(pg_blocking_pids($1)) > 0 AS waits';
              return (await manager.query<[{ waits: boolean }]>(sql, [pid]))[0].waits;
            },
            { timeout: HANG_GUARD_MS },
          )
          .toBe(true);
      const { scope } = recording.broadcaster;
      const like = (holding: EntityManager, id: number) =>
        scope.suppress(() => holding.update(Poem, id, { likes: 1 }));
      let work: Promise<unknown> | undefined;
      // Two wait for the first row: our read, which goes on to the second when it is let go, and behind it who holds that.
      const gate = database.dataSource.createQueryRunner();
      await gate.startTransaction();
      const lock = gate.manager.createQueryBuilder(Poem, 'poem').setLock('for_no_key_update');
      await lock.where({ id: 1 }).getOne();
      await manager.transaction(async (holding) => {
        // Whose time is over first looks for a deadlock, and loses it.
        await holding.query(`SET LOCAL deadlock_timeout = '600s'`);
        await like(holding, 2);
        const reader = new Promise<number>((resolve) => {
          work = manager.transaction(async (inner) => {
            resolve(await pidOf(inner));
            await inner.update(Poem, { writer: { id: 1 } }, { title: 'x' });
          });
        });
        await blocked(await reader);
        const holder = await pidOf(holding);
        const waiting = like(holding, 1);
        await blocked(holder);
        await gate.commitTransaction();
        await gate.release();
        await waiting;
      });
      await work;
      expect((await told()).toSorted()).toEqual(['/people/1/poems/1 x', '/people/1/poems/2 x']);
    };

    const onMariadb = async () => {
      const waits = async () => {
        // What InnoDB says of its transactions is a copy, as old as others who ask keep it.
        const sql =
          `SELECT 1 FROM information_schema.processlist ` +
          `WHERE db = DATABASE() AND info LIKE 'SELECT %FOR UPDATE' AND time_ms > 300`;
        return (await manager.query<unknown[]>(sql)).length;
      };
      let work: Promise<unknown> | undefined;
      const { scope } = recording.broadcaster;
      await manager.transaction(async (holding) => {
        await scope.suppress(async () => {
          // The one that has written less is the one that loses.
          await holding.insert(
            Seat,
            Array.from({ length: 50 }, (_, index) => ({ code: `h${index}`, title: 'h' })),
          );
          await holding.update(Poem, 2, { likes: 1 });
        });
        work = manager
          .transaction(async (inner) => {
            await inner.insert(Seat, { code: 'lost', title: 'l' });
            await inner.update(Poem, { writer: { id: 1 } }, { title: 'x' });
          })
          .catch((error: Error) => error.message);
        await expect.poll(waits, { timeout: 20_000 }).toBe(1);
        await scope.suppress(() => holding.update(Poem, 1, { likes: 1 }));
      });
      expect(await work).toMatch(/Deadlock/);
      expect(await manager.countBy(Seat, { code: 'lost' })).toBe(0);
      expect(await manager.countBy(Poem, { title: 'x' })).toBe(0);
      expect(await told()).toEqual([]);
    };

    if (name === 'PostgreSQL') it(losesADeadlock, onPostgres);
    // There a deadlock ends the transaction.
    if (name === 'MariaDB' || name === 'MySQL') it(losesItsTransaction, onMariadb);

    it('cost one SELECT before the write, and the one of what is told', async () => {
      const seen = queries();
      await manager.update(Poem, { writer: { id: 1 } }, { title: 'x' });
      await recording.broadcaster.flush();
      const locked = name === 'MariaDB' || name === 'MySQL';
      expect(seen().toSorted()).toEqual([
        ...(locked ? ['COMMIT'] : []),
        'SELECT',
        'SELECT',
        ...(locked ? ['START TRANSACTION'] : []),
        'UPDATE',
      ]);
      await database.dataSource.transaction((tx) => tx.delete(Poem, { writer: { id: 2 } }));
      await recording.broadcaster.flush();
      const guarded = name === 'PostgreSQL' ? ['SAVEPOINT', 'SELECT', 'RELEASE'] : ['SELECT'];
      // On SQLite another caller may be in the transaction: whether the row is gone is looked at.
      const checked = name === 'SQLite' ? ['SELECT'] : [];
      const begin = name === 'SQLite' ? 'BEGIN' : 'START TRANSACTION';
      expect(seen()).toEqual([begin, ...guarded, 'DELETE', ...checked, 'COMMIT']);
    });

    it('of 10,000 are each told once where so many may be named, and else not one of them', async () => {
      const rows = Array.from({ length: 10_000 }, (_, index) => ({ code: `${index}`, title: 'a' }));
      const scope = recording.broadcaster.scope;
      await scope.suppress(() => manager.save(Seat, rows, { chunk: 1_000 }));
      follow({ maxBulkRows: 10_000 });
      await manager.update(Seat, { title: 'a' }, { title: 'b' });
      const updated = new Set(await told());
      expect(updated.size).toBe(10_000);
      expect(recording.publisher.updates).toHaveLength(10_000);
      follow();
      await manager.delete(Seat, { title: 'b' });
      await recording.broadcaster.flush();
      expect(recording.publisher.told).toEqual([]);
      expect(recording.logger.lines).toEqual([expect.stringContaining('(delete): a write did not say')]);
    });

    it('what is suppressed costs nothing', async () => {
      const seen = queries();
      await recording.broadcaster.scope.suppress(() => manager.update(Poem, 1, { title: 'x' }));
      expect(await told()).toEqual([]);
      expect(seen()).toEqual(['UPDATE']);
    });
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  Column,
  DataSource,
  type DataSourceOptions,
  Entity,
  type EntityManager,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryColumn,
  type QueryRunner,
  type Relation,
} from 'typeorm';
import { Broadcast } from '../../src/broadcast/broadcast.decorator.js';
import type { UpdateInput } from '../../src/update/update.js';
import { answering, DATABASES, type DatabaseName, openDatabase, type TestDatabase } from './databases.js';
import { startOutboxApp } from './outbox/outbox-app.js';
import { recordingBroadcaster, type RecordingLogger, tell } from './recording.js';

const there = await answering('test/broadcast/unlocked-rows');

@Entity()
class Label {
  @PrimaryColumn({ type: 'int' })
  id!: number;
}

@Broadcast({ topic: '/shelves/{id}' })
@Entity()
class Shelf {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar' })
  title!: string;

  @ManyToMany(() => Label)
  @JoinTable()
  labels!: Label[];
}

@Broadcast({ relations: ['labels'] })
@Entity()
class Box {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar' })
  title!: string;

  @ManyToMany(() => Label)
  @JoinTable()
  labels!: Label[];
}

@Broadcast({ touch: ['shelf'] })
@Entity()
class Item {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar' })
  title!: string;

  @ManyToOne(() => Shelf, { nullable: true })
  shelf!: Relation<Shelf> | null;
}

/** A connection whose answers to SELECT are held back from some moment on. */
class Held {
  readonly reached: Promise<void>;
  #isArmed = false;
  #reach!: () => void;
  readonly #released: Promise<void>;
  release!: () => void;

  constructor() {
    this.reached = new Promise((resolve) => (this.#reach = resolve));
    this.#released = new Promise((resolve) => (this.release = resolve));
  }

  arm(): void {
    this.#isArmed = true;
  }

  async follow(runner: QueryRunner): Promise<void> {
    const connection = (await runner.connect()) as Sends & { promise?: () => Sends };
    const { promise } = connection;
    if (!promise) return this.#hold(connection);
    const promised = promise.call(connection);
    this.#hold(promised);
    connection.promise = () => promised;
  }

  #hold(connection: Sends): void {
    const send = connection.query.bind(connection);
    connection.query = async (query, ...rest) => {
      const answer = await send(query, ...rest);
      if (this.#isArmed && String(query).startsWith('SELECT')) {
        this.#reach();
        await this.#released;
      }
      return answer;
    };
  }
}

interface Sends {
  query(query: unknown, ...rest: unknown[]): Promise<unknown>;
}

// SQLite has one writer at a time.
const SERVERS = DATABASES.filter((name): name is DatabaseName => name !== 'SQLite');

const DELIVERIES = ['memory', 'log', 'table'] as const;
const ROWS = SERVERS.flatMap((name) => DELIVERIES.map((delivery) => [name, delivery] as const));

/** How updates get to the hub, and what got there. */
interface Followed {
  readonly logger: RecordingLogger;
  told(): Promise<readonly UpdateInput[]>;
  close(): Promise<void>;
}

async function follow(dataSource: DataSource, delivery: (typeof DELIVERIES)[number]): Promise<Followed> {
  if (delivery !== 'memory') {
    const app = await startOutboxApp(delivery, dataSource);
    return {
      logger: app.logger,
      close: () => app.close(),
      told: async () => {
        await app.told();
        return app.accepted
          .filter(({ id }) => !id.startsWith('fence-'))
          .map(({ topics, data }) => ({ topic: [...topics], data }));
      },
    };
  }
  const { broadcaster, logger, publisher } = recordingBroadcaster();
  broadcaster.attach(dataSource);
  return {
    logger,
    told: async () => {
      await broadcaster.flush();
      return publisher.updates;
    },
    close: async () => {
      await broadcaster.close();
      dataSource.subscribers.length = 0;
    },
  };
}

describe.each(ROWS)('rows that a transaction has not locked, on %s by %s', (name, delivery) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;
    let dataSource: DataSource;
    let manager: EntityManager;
    let followed: Followed;

    beforeAll(async () => {
      database = await openDatabase(name, `unlocked_rows_${delivery}`, [Label, Shelf, Box, Item]);
      ({ dataSource } = database);
      ({ manager } = dataSource);
    });
    afterAll(() => database?.drop());
    beforeEach(async () => {
      await database.empty();
      await manager.insert(Label, [{ id: 1 }, { id: 2 }]);
      await manager.save(Shelf, { id: 1, title: 'old' });
      await manager.save(Item, { id: 1, title: 'old', shelf: { id: 1 } });
      await manager.save(Box, { id: 1, title: 'old', labels: [{ id: 1 }] });
      followed = await follow(dataSource, delivery);
    });
    afterEach(async () => {
      await followed?.close();
      dataSource.subscribers.length = 0;
    });

    /** A transaction in which others write and commit, after its first read before the commit. */
    async function interrupted(
      work: (inside: EntityManager) => Promise<unknown>,
      others: () => Promise<unknown>,
    ): Promise<string[]> {
      const runner = dataSource.createQueryRunner();
      const held = new Held();
      await held.follow(runner);
      const transaction = runner.manager.transaction(async (inside) => {
        await work(inside);
        held.arm();
      });
      // Where nothing is read before the commit, the others come after it.
      await Promise.race([held.reached, transaction]);
      await others();
      held.release();
      await transaction;
      await runner.release();
      const told = await followed.told();
      expect(followed.logger.lines).toEqual([]);
      return told.map(tell);
    }

    const about = (told: readonly string[], path: string) => told.filter((line) => line.startsWith(path));

    it('a touched row is told last as it was written last', async () => {
      const told = await interrupted(
        (inside) => inside.save(Item, { id: 1, title: 'new' }),
        () => manager.save(Shelf, { id: 1, title: 'new' }),
      );
      expect(about(told, '/items')).toEqual(['/items/1 new']);
      expect(about(told, '/shelves').at(-1)).toBe('/shelves/1 new');
      expect(about(told, '/shelves').length).toBeGreaterThan(1);
    });

    // InnoDB locks what a foreign key that is written points to: there these come one after the other.
    if (name === 'PostgreSQL') {
      it('a row that is linked is told last as it was written last', async () => {
        const told = await interrupted(
          (inside) => inside.createQueryBuilder().relation(Shelf, 'labels').of(1).add(1),
          () => manager.save(Shelf, { id: 1, title: 'new' }),
        );
        expect(told.length).toBeGreaterThan(1);
        expect(told.at(-1)).toBe('/shelves/1 new');
      });

      it('what is linked to a row is told last as it was linked last', async () => {
        await interrupted(
          (inside) => inside.save(Box, { id: 1, title: 'new' }),
          () =>
            dataSource.transaction((theirs) =>
              theirs.createQueryBuilder().relation(Box, 'labels').of(1).add(2),
            ),
        );
        const last = (await followed.told()).at(-1)!.data as string;
        expect(JSON.parse(last)).toEqual({ id: 1, title: 'new', labels: [{ id: 1 }, { id: 2 }] });
      });
    }

    /** Deletes the item, as somebody else, when its row is about to be updated. */
    function deleteBefore(deletion: () => Promise<unknown>): void {
      let isDeleted = false;
      dataSource.subscribers.push({
        async beforeUpdate() {
          if (isDeleted) return;
          isDeleted = true;
          await deletion();
        },
      });
    }

    it('a row that an update did not find any more is told as deleted', async () => {
      const { tablePath } = dataSource.getMetadata(Item);
      deleteBefore(async () => {
        // Somebody whom nobody follows.
        const options = { ...database.options, synchronize: false } as DataSourceOptions;
        const stranger = await new DataSource(options).initialize();
        await stranger.query(`DELETE FROM ${tablePath} WHERE id = 1`);
        await stranger.destroy();
      });
      const told = await interrupted(
        (inside) => inside.save(Item, { id: 1, title: 'lost' }),
        () => Promise.resolve(),
      );
      // An outbox that shares InnoDB's snapshot tells the row as that shows it first.
      expect(told.at(-1)).toBe('/items/1 deleted');
      expect(told.filter((line) => line.endsWith('deleted'))).toHaveLength(1);
    });

    if (name === 'PostgreSQL') {
      it('but not, if it came back meanwhile', async () => {
        deleteBefore(async () => manager.remove(await manager.findOneByOrFail(Item, { id: 1 })));
        const told = await interrupted(
          (inside) => inside.save(Item, { id: 1, title: 'lost' }),
          () => manager.save(Item, { id: 1, title: 'new', shelf: null }),
        );
        expect(about(told, '/items')[0]).toBe('/items/1 deleted');
        expect(about(told, '/items').at(-1)).toBe('/items/1 new');
      });
    } else {
      // Its snapshot shows the row as it was, and an UPDATE that changes nothing leaves it at that.
      it('a row that had its new value already is told as it is', async () => {
        const told = await interrupted(
          async (inside) => {
            await inside.findOneByOrFail(Box, { id: 1 });
            await inside.findOneByOrFail(Shelf, { id: 1 });
            await manager.save(Shelf, { id: 1, title: 'new' });
            await inside.save(Shelf, { id: 1, title: 'new' });
          },
          () => Promise.resolve(),
        );
        expect(told).toEqual(['/shelves/1 new', '/shelves/1 new']);
      });
    }
  });
});

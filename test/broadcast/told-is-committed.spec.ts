import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DataSource, type DataSourceOptions, type EntitySubscriberInterface } from 'typeorm';
import { answering, DATABASES, openDatabase, type TestDatabase, TYPEORM } from './databases.js';
import { ENTITIES, Ticket } from './entities.js';
import { recordingBroadcaster } from './recording.js';

const there = await answering('test/broadcast/told-is-committed');

const HOOKS = [
  'afterInsert',
  'beforeTransactionCommit',
  'afterTransactionCommit',
  'beforeTransactionRollback',
  'afterTransactionRollback',
] as const;
type Hook = (typeof HOOKS)[number];

/** A subscriber of the application, which throws when it is told to. */
class Thrower {
  isArmed = false;
  readonly subscriber: EntitySubscriberInterface;

  constructor(hook: Hook, way: 'throws' | 'rejects' | 'never') {
    const fail = (): void | Promise<void> => {
      if (!this.isArmed || way === 'never') return undefined;
      if (way === 'throws') throw new Error('theirs');
      return Promise.reject(new Error('theirs'));
    };
    this.subscriber = { [hook]: fail };
  }
}

const save = (manager: DataSource['manager'], id: string) => manager.save(Ticket, { id, seat: 1 });

type Step = (dataSource: DataSource, thrower: Thrower) => Promise<unknown>;

/** What an application does while a subscriber of it throws. */
const STEPS: Readonly<Record<string, Step>> = {
  'a write outside transactions': ({ manager }) => manager.insert(Ticket, { id: 'insert', seat: 1 }),
  'a transaction of one write': ({ manager }) => save(manager, 'save'),
  'a transaction': (dataSource) =>
    dataSource.transaction(async (manager) => {
      await save(manager, 'first');
      await save(manager, 'second');
    }),
  'a savepoint': (dataSource, thrower) => {
    thrower.isArmed = false;
    return dataSource.transaction(async (manager) => {
      await save(manager, 'before savepoint');
      thrower.isArmed = true;
      await outcome(manager.transaction((inner) => save(inner, 'in savepoint')));
      thrower.isArmed = false;
      await save(manager, 'after savepoint');
    });
  },
  'a savepoint that is rolled back': (dataSource, thrower) => {
    thrower.isArmed = false;
    return dataSource.transaction(async (manager) => {
      await save(manager, 'before rollback');
      thrower.isArmed = true;
      const failing = manager.transaction(async (inner) => {
        await save(inner, 'rolled back');
        throw new Error('no');
      });
      await outcome(failing);
      thrower.isArmed = false;
      await save(manager, 'after rollback');
    });
  },
  'a transaction that is rolled back': (dataSource) =>
    dataSource.transaction(async (manager) => {
      await save(manager, 'gone');
      throw new Error('no');
    }),
};

/** What it may do by itself. */
const HAZARDS: Readonly<Record<string, Step>> = {
  'a runner that is released in its transaction': async (dataSource) => {
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await save(runner.manager, 'left open');
    await runner.release();
  },
  'a savepoint that is gone when it is released': (dataSource) =>
    dataSource.transaction(async (manager) => {
      await save(manager, 'before savepoint');
      const gone = manager.transaction(async (inner) => {
        await save(inner, 'in savepoint');
        await inner.query('RELEASE SAVEPOINT typeorm_1');
      });
      await outcome(gone);
      await save(manager, 'after savepoint');
    }),
  'a savepoint whose failed statement was swallowed': (dataSource) =>
    dataSource.transaction(async (manager) => {
      await save(manager, 'before savepoint');
      const failed = manager.transaction(async (inner) => {
        await save(inner, 'in savepoint');
        await outcome(inner.query('SELECT nonsense'));
      });
      await outcome(failed);
      await save(manager, 'after savepoint');
    }),
  'a runner of several transactions': async (dataSource) => {
    const runner = dataSource.createQueryRunner();
    for (const id of ['one', 'two', 'three', 'four']) {
      await runner.startTransaction();
      await save(runner.manager, `${id} outside`);
      await runner.startTransaction();
      await save(runner.manager, `${id} inside`);
      await (id === 'three' ? runner.rollbackTransaction() : runner.commitTransaction());
      await (id === 'two' ? runner.rollbackTransaction() : runner.commitTransaction());
      await save(runner.manager, `${id} alone`);
    }
    await runner.release();
  },
  ...(TYPEORM === '1' && {
    'a runner that is disposed over an open savepoint': async (dataSource: DataSource) => {
      await using runner = dataSource.createQueryRunner();
      await runner.startTransaction();
      await save(runner.manager, 'outside');
      await runner.startTransaction();
      await save(runner.manager, 'inside');
    },
  }),
};

const outcome = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'resolved', String);

describe.each(DATABASES)('an application on %s', (name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;
    let dataSource: DataSource | undefined;

    beforeAll(async () => {
      database = await openDatabase(name, 'told_is_committed', ENTITIES);
    });
    afterAll(() => database?.drop());
    beforeEach(() => database.empty());
    afterEach(close);

    /** A pool of one connection: who comes next has the same. */
    async function open(): Promise<DataSource> {
      const extra = name === 'MariaDB' ? { connectionLimit: 1 } : { max: 1 };
      const options = { ...database.options, synchronize: false, extra } as DataSourceOptions;
      return (dataSource = await new DataSource(options).initialize());
    }
    async function close(): Promise<void> {
      if (dataSource?.isInitialized) await dataSource.destroy();
    }

    /** What others see. */
    const committed = async (): Promise<string[]> =>
      (await database.dataSource.manager.find(Ticket)).map(({ id }) => id).toSorted();

    /** Does each step, and what comes after it, and says how it went and what there is in the table then. */
    async function lifeOf(
      thrower: Thrower,
      step: Step,
      look: () => Promise<unknown> = () => Promise.resolve(),
    ): Promise<unknown[]> {
      const followed = dataSource!;
      const seen: unknown[] = [];
      const note = async (what: string) => {
        seen.push([what, await committed()]);
        await look();
      };
      thrower.isArmed = true;
      await note(await outcome(step(followed, thrower)));
      thrower.isArmed = false;
      await note(await outcome(followed.manager.insert(Ticket, { id: 'next insert', seat: 1 })));
      await note(await outcome(followed.transaction((manager) => save(manager, 'next'))));
      // Where a transaction was left open, this is who ends it.
      await note(await outcome(followed.query('COMMIT')));
      await note(await outcome(followed.manager.insert(Ticket, { id: 'last', seat: 1 })));
      return seen;
    }

    /** What is told is what is committed, at each step; and the application sees what it would see alone. */
    async function expectTruth(thrower: () => Thrower, step: Step): Promise<void> {
      const alone = thrower();
      (await open()).subscribers.push(alone.subscriber);
      const expected = await lifeOf(alone, step);
      await close();
      await database.empty();

      const beside = thrower();
      (await open()).subscribers.push(beside.subscriber);
      const { broadcaster, publisher } = recordingBroadcaster();
      broadcaster.attach(dataSource!);
      const seen = await lifeOf(beside, step, async () => {
        await broadcaster.flush();
        const told = publisher.updates.map(({ data }) => (JSON.parse(data as string) as Ticket).id);
        expect(told.toSorted()).toEqual(await committed());
      });
      expect(seen).toEqual(expected);
    }

    describe.each(HOOKS)('whose subscriber fails in %s', (hook) => {
      describe.each(['throws', 'rejects'] as const)('and %s', (way) => {
        it.each(Object.entries(STEPS))('hears of what is committed, in %s', (_what, step) =>
          expectTruth(() => new Thrower(hook, way), step),
        );
      });
    });

    it.each(Object.entries(HAZARDS))('hears of what is committed, in %s', (_what, step) =>
      expectTruth(() => new Thrower('afterInsert', 'never'), step),
    );
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DataSource, EntityManager } from 'typeorm';
import type { BroadcastOperation, BulkMode } from '../../src/broadcast/broadcast-options.js';
import {
  answering,
  type DatabaseName,
  DATABASES,
  openDatabase,
  type TestDatabase,
  TYPEORM,
} from './databases.js';
import { Book, Chapter, Content, ENTITIES, OrderLine, Photo, Tag, Ticket, Visit } from './entities.js';
import { recordingBroadcaster } from './recording.js';

const there = await answering('test/broadcast/event-matrix');

interface Row {
  /** What the application does. */
  readonly call: string;
  /** What was there before, and was told before. */
  readonly given?: (manager: EntityManager) => Promise<unknown>;
  readonly act: (manager: EntityManager, dataSource: DataSource) => Promise<unknown>;
  /** The updates that follow, in order. */
  readonly told: readonly string[];
  /** What the log says, each a part of one line; nothing else may stand there. */
  readonly logged?: readonly string[];
  /** The module's `bulk`. Default: not said. */
  readonly bulk?: BulkMode;
  /** Default: on each. */
  readonly on?: readonly DatabaseName[];
}

const oneBook = (manager: EntityManager) => manager.save(Book, { title: 'a', secret: 's', note: 'n' });
const theBook = (manager: EntityManager) => manager.findOneByOrFail(Book, { id: 1 });
const twoTags = (manager: EntityManager) => manager.save(Tag, [{ name: 't' }, { name: 'u' }]);
const taggedBook = async (manager: EntityManager) => {
  await twoTags(manager);
  await manager.save(Book, { title: 'a', tags: [{ id: 1 }] });
};
const WARNED = 'did not say which rows it changed';

interface CriteriaRow extends Pick<Row, 'call' | 'given' | 'act'> {
  readonly operation: BroadcastOperation;
  /** What is told under `bulk: 'ids'`. */
  readonly named: readonly string[];
}

const CRITERIA: readonly CriteriaRow[] = [
  {
    call: 'update(criteria)',
    act: (m) => m.update(Book, { title: 'a' }, { title: 'b' }),
    operation: 'update',
    named: ['/books/1 b'],
  },
  {
    call: 'update(id)',
    act: (m) => m.update(Book, 1, { title: 'b' }),
    operation: 'update',
    named: ['/books/1 b'],
  },
  {
    call: 'increment()',
    given: (m) => m.save(OrderLine, { orderId: 1, line: 2, amount: 3 }),
    act: (m) => m.increment(OrderLine, { orderId: 1 }, 'amount', 1),
    operation: 'update',
    named: ['/order-lines/1,2'],
  },
  {
    call: 'delete(criteria)',
    act: (m) => m.delete(Book, { title: 'a' }),
    operation: 'delete',
    named: ['/books/1 deleted'],
  },
  { call: 'delete(id)', act: (m) => m.delete(Book, 1), operation: 'delete', named: ['/books/1 deleted'] },
  {
    call: 'softDelete(id)',
    act: (m) => m.softDelete(Book, 1),
    operation: 'delete',
    named: ['/books/1 deleted'],
  },
  {
    call: 'restore(id)',
    given: async (m) => m.softRemove(Book, await oneBook(m)),
    act: (m) => m.restore(Book, 1),
    operation: 'update',
    named: ['/books/1 a'],
  },
  {
    call: 'createQueryBuilder().update()',
    act: (m) => m.createQueryBuilder().update(Book).set({ title: 'b' }).where({ id: 1 }).execute(),
    operation: 'update',
    named: ['/books/1 b'],
  },
  {
    call: 'createQueryBuilder().delete()',
    act: (m) => m.createQueryBuilder().delete().from(Book).where({ id: 1 }).execute(),
    operation: 'delete',
    named: ['/books/1 deleted'],
  },
];

const MATRIX: readonly Row[] = [
  // saves
  { call: 'save(new)', act: oneBook, told: ['/books/1 a'] },
  { call: 'save(unchanged)', given: oneBook, act: async (m) => m.save(await theBook(m)), told: [] },
  {
    call: 'save(loaded, changed)',
    given: oneBook,
    act: async (m) => m.save(Object.assign(await theBook(m), { title: 'b' })),
    told: ['/books/1 b'],
  },
  {
    call: 'save({ id, title }), a partial entity',
    given: oneBook,
    act: (m) => m.save(Book, { id: 1, title: 'b' }),
    told: ['/books/1 b'],
  },
  {
    call: 'save([a, b, c]) is one hand-over in the order saved',
    act: (m) => m.save(Book, [{ title: 'a' }, { title: 'b' }, { title: 'c' }]),
    told: ['/books/1 a', '/books/2 b', '/books/3 c'],
  },
  {
    call: 'save(…, { transaction: false })',
    act: (m) => m.save(Book, { title: 'a' }, { transaction: false }),
    told: ['/books/1 a'],
  },
  {
    call: 'save(…, { reload: false }) of a generated key',
    act: (m) => m.save(Book, { title: 'a' }, { reload: false }),
    told: [],
    logged: [WARNED],
    on: ['PostgreSQL', 'MariaDB', 'MySQL'],
  },
  {
    call: 'save(…, { listeners: false })',
    act: (m) => m.save(Book, { title: 'a' }, { listeners: false }),
    told: [],
  },
  {
    call: 'save with a cascade, parent first',
    act: (m) => m.save(Book, { title: 'a', chapters: [{ title: 'one' }, { title: 'two' }] }),
    told: ['/books/1 a', '/chapters/1 one', '/chapters/2 two'],
  },
  { call: 'save of an entity that is not broadcast', act: (m) => m.save(Visit, { page: '/' }), told: [] },
  // removals
  {
    call: 'remove(entity)',
    given: oneBook,
    act: async (m) => m.remove(await theBook(m)),
    told: ['/books/1 deleted'],
  },
  {
    call: 'remove({ id })',
    given: oneBook,
    act: (m) => m.remove(Object.assign(new Book(), { id: 1 })),
    told: ['/books/1 deleted'],
  },
  {
    call: 'remove(what does not exist)',
    act: (m) => m.remove(Object.assign(new Book(), { id: 7 })),
    told: [],
  },
  {
    call: 'softRemove is told as a delete',
    given: oneBook,
    act: async (m) => m.softRemove(await theBook(m)),
    told: ['/books/1 deleted'],
  },
  {
    call: 'recover is told as an update',
    given: async (m) => m.softRemove(Book, await oneBook(m)),
    act: async (m) => m.recover(await m.findOneOrFail(Book, { where: { id: 1 }, withDeleted: true })),
    told: ['/books/1 a'],
  },
  {
    call: 'a deletedAt set by hand is told as a delete',
    given: oneBook,
    act: (m) => m.save(Book, { id: 1, deletedAt: new Date() }),
    told: ['/books/1 deleted'],
  },
  {
    call: 'an orphan that is removed with its row',
    given: (m) => m.save(Book, { title: 'a', chapters: [{ title: 'one' }, { title: 'two' }] }),
    act: async (m) => {
      const book = await m.findOneOrFail(Book, { where: { id: 1 }, relations: { chapters: true } });
      book.chapters = book.chapters.filter(({ title }) => title === 'two');
      await m.save(book);
    },
    told: ['/chapters/1 deleted'],
  },
  {
    call: 'remove with a cascade, children first; TypeORM 0.3 says nothing of them',
    given: (m) => m.save(Book, { title: 'a', chapters: [{ title: 'one' }, { title: 'two' }] }),
    act: async (m) =>
      m.remove(await m.findOneOrFail(Book, { where: { id: 1 }, relations: { chapters: true } })),
    told: {
      '1': ['/chapters/1 deleted', '/chapters/2 deleted', '/books/1 deleted'],
      '0.3': ['/books/1 deleted'],
    }[TYPEORM],
  },
  // statements without a transaction
  { call: 'insert()', act: (m) => m.insert(Book, { title: 'a' }), told: ['/books/1 a'] },
  {
    call: 'insert([a, b])',
    act: (m) => m.insert(Book, [{ title: 'a' }, { title: 'b' }]),
    told: ['/books/1 a', '/books/2 b'],
  },
  {
    call: 'createQueryBuilder().insert()',
    act: (m) => m.createQueryBuilder().insert().into(Book).values({ title: 'a' }).execute(),
    told: ['/books/1 a'],
  },
  ...CRITERIA.flatMap(({ call, act, operation, given = oneBook, named }): Row[] => [
    {
      call: `${call} names no row: warned about, not told`,
      given,
      act,
      told: [],
      logged: [`(${operation}): a write did not say which rows it changed`],
    },
    { call: `${call} names its rows where that is asked for`, given, act, bulk: 'ids', told: named },
  ]),
  {
    call: 'update(criteria) that sets a key is not taken for a row',
    given: (m) => m.insert(Ticket, { id: 't', seat: 1 }),
    act: (m) => m.update(Ticket, { seat: 2 }, { id: 't' }),
    told: [],
    logged: [WARNED],
  },
  {
    call: 'update(id) warns once for the entity and operation',
    given: oneBook,
    act: async (m) => {
      await m.update(Book, 1, { title: 'b' });
      await m.update(Book, 1, { title: 'c' });
    },
    told: [],
    logged: [WARNED],
  },
  {
    call: 'upsert() that updates',
    given: async (m) => {
      await m.save(Book, { title: 'a', isbn: '1' });
      await m.save(Book, { title: 'b', isbn: '2' });
    },
    act: (m) => m.upsert(Book, { title: 'c', isbn: '1' }, ['isbn']),
    told: ['/books/1 c'],
  },
  {
    call: 'upsert() that inserts',
    given: async (m) => {
      await m.save(Book, { title: 'a', isbn: '1' });
      await m.save(Book, { title: 'b', isbn: '2' });
    },
    act: (m) => m.upsert(Book, { title: 'c', isbn: '3' }, ['isbn']),
    told: ['/books/3 c'],
  },
  {
    call: 'insert().orUpdate()',
    given: async (m) => {
      await m.save(Book, { title: 'a', isbn: '1' });
      await m.save(Book, { title: 'b', isbn: '2' });
    },
    act: (m) =>
      m
        .createQueryBuilder()
        .insert()
        .into(Book)
        .values({ title: 'c', isbn: '1' })
        .orUpdate(['title'], ['isbn'])
        .execute(),
    told: ['/books/1 c'],
  },
  {
    call: 'insert().orIgnore() that skips a row',
    given: async (m) => {
      await m.save(Book, { title: 'a', isbn: '1' });
      await m.save(Book, { title: 'b', isbn: '2' });
    },
    act: (m) =>
      m
        .createQueryBuilder()
        .insert()
        .into(Book)
        .values({ title: 'c', isbn: '1' })
        .orIgnore()
        .updateEntity(false)
        .execute(),
    told: [],
  },
  {
    call: 'insert([a, b]) with keys that were given',
    act: (m) =>
      m.insert(Ticket, [
        { id: 't', seat: 1 },
        { id: 's', seat: 2 },
      ]),
    told: ['/tickets/t', '/tickets/s'],
  },
  {
    call: 'insert() after an upsert is an insert again',
    given: async (m) => {
      await m.upsert(Ticket, { id: 't', seat: 1 }, ['id']);
    },
    act: (m) => m.insert(Book, { title: 'a' }),
    told: ['/books/1 a'],
  },
  {
    call: 'a raw query is warned about, not told',
    given: oneBook,
    act: (m) => m.query(`DELETE FROM ${m.getRepository(Book).metadata.tablePath} WHERE id = 1`),
    told: [],
    logged: ['"Book" (delete): raw SQL changed its table'],
  },
  {
    call: 'clear() names no row: warned about, not told',
    given: (m) => m.insert(Ticket, { id: 't', seat: 1 }),
    act: (m) => m.clear(Ticket),
    told: [],
    logged: [`"Ticket" (delete): a write ${WARNED}`],
  },
  // what kinds of entities there are
  {
    call: 'a composite key, told by two declarations in the order written',
    act: async (m) => {
      const line = await m.save(OrderLine, { orderId: 1, line: 2, amount: 3 });
      await m.save(OrderLine, { orderId: 1, line: 2, amount: 4 });
      await m.remove(OrderLine, line);
    },
    told: [
      '/line-list/1',
      '/order-lines/1,2',
      '/order-lines/1,2',
      '/line-list/1 deleted',
      '/order-lines/1,2 deleted',
    ],
  },
  {
    call: 'a child of single-table inheritance, through its parent too',
    act: async (m) => {
      const photo = await m.save(Photo, { title: 'a', size: 'l' });
      await m.getRepository(Content).save(Object.assign(photo, { title: 'b' }));
      await m.save(Content, { title: 'c' });
    },
    told: ['/photos/1 a', '/photos/1 b', '/contents/2 c'],
  },
  // many-to-many links, and what else relations do
  {
    call: 'save(new) with links is one create',
    given: twoTags,
    act: (m) => m.save(Book, { title: 'a', tags: [{ id: 1 }, { id: 2 }] }),
    told: ['/books/1 a'],
  },
  {
    call: 'save() that links and unlinks is one update of the owner',
    given: taggedBook,
    act: (m) => m.save(Book, { id: 1, tags: [{ id: 2 }] }),
    told: ['/books/1 a'],
  },
  {
    call: 'relation().of().add()',
    given: taggedBook,
    act: (m) => m.createQueryBuilder().relation(Book, 'tags').of(1).add(2),
    told: ['/books/1 a'],
  },
  {
    call: 'relation().of().remove()',
    given: taggedBook,
    act: (m) => m.createQueryBuilder().relation(Book, 'tags').of(1).remove(1),
    told: ['/books/1 a'],
  },
  {
    call: 'remove(owner) takes its links along',
    given: taggedBook,
    act: async (m) => m.remove(await theBook(m)),
    told: ['/books/1 deleted'],
  },
  {
    call: 'a link that goes with a row without a property for it is not seen',
    given: taggedBook,
    act: async (m) => m.remove(await m.findOneByOrFail(Tag, { id: 1 })),
    told: [],
  },
  {
    call: 'relation().of().set() of a foreign key names no row: warned about, not told',
    given: (m) => m.save(Book, { title: 'a', chapters: [{ title: 'one' }] }),
    act: (m) => m.createQueryBuilder().relation(Chapter, 'book').of(1).set(1),
    told: [],
    logged: ['"Chapter" (update): a write did not say which rows it changed'],
  },
  {
    call: 'a row that its parent adopts, with a cascade',
    given: async (m) => {
      await m.save(Book, { title: 'a', chapters: [{ title: 'one' }] });
      await m.save(Book, { title: 'b' });
    },
    act: (m) => m.save(Book, { id: 2, title: 'c', chapters: [{ id: 1 }] }),
    told: ['/books/2 c', '/chapters/1 one'],
  },
];

describe.each<DatabaseName>([...DATABASES, 'MySQL'])('what each call tells on %s', (name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;

    beforeAll(async () => {
      database = await openDatabase(name, 'event_matrix', ENTITIES);
    });
    afterAll(() => database?.drop());
    beforeEach(() => database.empty());

    for (const { call, given, act, told, logged = [], bulk } of MATRIX.filter(({ on = [name] }) =>
      on.includes(name),
    )) {
      it(call, async () => {
        const { dataSource } = database;
        const { broadcaster, publisher, logger } = recordingBroadcaster({ bulk });
        await given?.(dataSource.manager);
        broadcaster.attach(dataSource);
        try {
          await act(dataSource.manager, dataSource);
          await broadcaster.flush();
        } finally {
          dataSource.subscribers.length = 0;
        }
        expect(publisher.told).toEqual(told);
        expect(logger.lines).toEqual(logged.map((part) => expect.stringContaining(part)));
      });
    }
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DataSource, EntityManager } from 'typeorm';
import { answering, openDatabase, type TestDatabase } from './databases.js';
import { Book, Content, ENTITIES, OrderLine, Photo, Tag, TRIGGERED, Visit } from './trigger/entities.js';
import { migrate, startTriggerApp, type TriggerApp } from './trigger/trigger-app.js';

const there = await answering('test/broadcast/trigger-writes');

/** Runs SQL of the test's own; `$` stands for the schema. */
type Raw = (sql: string) => Promise<unknown>;

interface Write {
  /** What the application, or somebody else, does. */
  readonly call: string;
  /** What was there before, and was told before. */
  readonly given?: (manager: EntityManager) => Promise<unknown>;
  readonly act: (manager: EntityManager, raw: Raw) => Promise<unknown>;
  /** The updates that follow, in order. */
  readonly told: readonly string[];
  /** What the log says, each a part of one line; nothing else may stand there. */
  readonly logged?: readonly string[];
  /** What is told by events, beside it. Default: nothing. */
  readonly events?: readonly string[];
}

const oneBook = (m: EntityManager) => m.save(Book, { title: 'a', secret: 's' });
const theBook = (m: EntityManager) => m.findOneByOrFail(Book, { id: 1 });
const bookWithChapters = (m: EntityManager) =>
  m.save(Book, { title: 'a', chapters: [{ title: 'one' }, { title: 'two' }] });
const taggedBook = async (m: EntityManager) => {
  await m.save(Tag, [{ name: 't' }, { name: 'u' }]);
  await m.save(Book, { title: 'a', tags: [{ id: 1 }] });
};

const WRITES: readonly Write[] = [
  // TypeORM
  { call: 'save(new)', act: oneBook, told: ['/books/1 a'] },
  { call: 'save(unchanged)', given: oneBook, act: async (m) => m.save(await theBook(m)), told: [] },
  {
    call: 'save(loaded, changed)',
    given: oneBook,
    act: async (m) => m.save(Object.assign(await theBook(m), { title: 'b' })),
    told: ['/books/1 b'],
  },
  {
    call: 'save(changed in what nobody sees)',
    given: oneBook,
    act: (m) => m.save(Book, { id: 1, secret: 'other' }),
    told: [],
  },
  {
    call: 'save({ listeners: false })',
    act: (m) => m.save(Book, { title: 'a' }, { listeners: false }),
    told: ['/books/1 a'],
  },
  {
    call: 'save({ transaction: false })',
    act: (m) => m.save(Book, { title: 'a' }, { transaction: false }),
    told: ['/books/1 a'],
  },
  {
    call: 'save([a, b]) with what it cascades to',
    act: (m) => m.save(Book, [{ title: 'a', chapters: [{ title: 'one' }] }, { title: 'b' }]),
    told: ['/books/1 a', '/books/2 b', '/chapters/1 one'],
  },
  {
    call: 'insert()',
    act: (m) => m.insert(Book, [{ title: 'a' }, { title: 'b' }]),
    told: ['/books/1 a', '/books/2 b'],
  },
  {
    call: 'upsert(), new',
    act: (m) => m.upsert(Book, { isbn: 'i', title: 'a' }, ['isbn']),
    told: ['/books/1 a'],
  },
  {
    call: 'upsert(), there',
    given: (m) => m.save(Book, { isbn: 'i', title: 'a' }),
    act: (m) => m.upsert(Book, { isbn: 'i', title: 'b' }, ['isbn']),
    told: ['/books/1 b'],
  },
  {
    call: 'insert().orIgnore(), there',
    given: (m) => m.save(Book, { isbn: 'i', title: 'a' }),
    act: (m) =>
      m.createQueryBuilder().insert().into(Book).values({ isbn: 'i', title: 'b' }).orIgnore().execute(),
    told: [],
  },
  {
    call: 'update(criteria)',
    given: oneBook,
    act: (m) => m.update(Book, { title: 'a' }, { title: 'b' }),
    told: ['/books/1 b'],
  },
  {
    call: 'update(criteria) of none',
    given: oneBook,
    act: (m) => m.update(Book, { title: 'x' }, { title: 'b' }),
    told: [],
  },
  {
    call: 'increment()',
    given: (m) => m.save(OrderLine, { orderId: 1, line: 2, amount: 3 }),
    act: (m) => m.increment(OrderLine, { orderId: 1 }, 'amount', 1),
    told: ['/order-lines/1,2'],
  },
  {
    call: 'delete(criteria)',
    given: oneBook,
    act: (m) => m.delete(Book, { title: 'a' }),
    told: ['/books/1 deleted'],
  },
  {
    call: 'remove()',
    given: oneBook,
    act: async (m) => m.remove(await theBook(m)),
    told: ['/books/1 deleted'],
  },
  { call: 'remove(nonexistent)', act: (m) => m.remove(Book, Object.assign(new Book(), { id: 9 })), told: [] },
  {
    call: 'softRemove()',
    given: oneBook,
    act: async (m) => m.softRemove(await theBook(m)),
    told: ['/books/1 deleted'],
  },
  { call: 'softDelete(id)', given: oneBook, act: (m) => m.softDelete(Book, 1), told: ['/books/1 deleted'] },
  {
    call: 'restore(id)',
    given: async (m) => m.softRemove(Book, await oneBook(m)),
    act: (m) => m.restore(Book, 1),
    told: ['/books/1 a'],
  },
  {
    call: 'an orphan that is removed',
    given: bookWithChapters,
    act: (m) => m.save(Book, { id: 1, chapters: [{ id: 2 }] }),
    told: ['/chapters/1 deleted'],
  },
  {
    call: 'relation().of().add()',
    given: taggedBook,
    act: (m) => m.createQueryBuilder().relation(Book, 'tags').of(1).add(2),
    told: ['/books/1 a'],
  },
  {
    call: 'relation().of().set() on the other side',
    given: async (m) => {
      await bookWithChapters(m);
      await m.save(Book, { title: 'b' });
    },
    act: (m) =>
      m
        .createQueryBuilder()
        .relation(Book, 'chapters')
        .of(2)
        .set(1)
        .catch(() => undefined),
    told: [],
  },
  {
    call: 'save() with another tag',
    given: taggedBook,
    act: (m) => m.save(Book, { id: 1, tags: [{ id: 1 }, { id: 2 }] }),
    told: ['/books/1 a'],
  },
  // The database, and whoever else writes there
  {
    call: 'raw INSERT',
    act: (_, raw) => raw(`INSERT INTO $book (title) VALUES ('a'), ('b')`),
    told: ['/books/1 a', '/books/2 b'],
  },
  {
    call: 'raw INSERT behind WITH',
    act: (_, raw) =>
      raw(`WITH new AS (INSERT INTO $book (title) VALUES ('a') RETURNING id) SELECT * FROM new`),
    told: ['/books/1 a'],
  },
  {
    call: 'raw UPDATE',
    given: oneBook,
    act: (_, raw) => raw(`UPDATE $book SET title = 'b'`),
    told: ['/books/1 b'],
  },
  {
    call: 'raw UPDATE to what is there',
    given: oneBook,
    act: (_, raw) => raw(`UPDATE $book SET title = title`),
    told: [],
  },
  {
    call: 'raw DELETE',
    given: oneBook,
    act: (_, raw) => raw('DELETE FROM $book'),
    told: ['/books/1 deleted'],
  },
  {
    call: 'raw UPDATE of the key',
    given: oneBook,
    act: (_, raw) => raw('UPDATE $book SET id = 7'),
    told: ['/books/1 deleted', '/books/7 a'],
  },
  {
    call: 'COPY',
    act: (_, raw) => raw(`COPY $book (title) FROM PROGRAM 'printf "a\\nb\\n"'`),
    told: ['/books/1 a', '/books/2 b'],
  },
  {
    call: 'ON DELETE CASCADE',
    given: bookWithChapters,
    act: (_, raw) => raw('DELETE FROM $book'),
    told: ['/books/1 deleted', '/chapters/1 deleted', '/chapters/2 deleted'],
  },
  {
    call: 'raw INSERT of a link',
    given: taggedBook,
    act: (_, raw) => raw('INSERT INTO $book_tags_tag VALUES (1, 2)'),
    told: ['/books/1 a'],
  },
  {
    call: 'DELETE of a tag, and of its links with it',
    given: taggedBook,
    act: (_, raw) => raw('DELETE FROM $tag WHERE id = 1'),
    told: ['/books/1 a'],
  },
  {
    call: 'TRUNCATE, with a topic of all rows',
    given: (m) => m.save(Content, { title: 'a' }),
    act: (_, raw) => raw('TRUNCATE $content'),
    told: ['/contents', '/photos'],
  },
  {
    call: 'TRUNCATE, without',
    given: (m) => m.save(OrderLine, { orderId: 1, line: 2, amount: 3 }),
    act: (_, raw) => raw('TRUNCATE $order_line'),
    told: [],
    logged: ['"OrderLine" (delete): a TRUNCATE does not say which rows it removed'],
  },
  {
    call: 'TRUNCATE CASCADE, once for each entity',
    given: taggedBook,
    act: (_, raw) => raw('TRUNCATE $book CASCADE'),
    told: [],
    logged: ['"Book" (delete): a TRUNCATE', '"Chapter" (delete): a TRUNCATE'],
  },
  // Single-table inheritance, and entities told by events
  { call: 'save(child)', act: (m) => m.save(Photo, { title: 'a', size: 'xl' }), told: ['/photos/1 a'] },
  {
    call: 'raw UPDATE and DELETE of children and parents',
    given: (m) => m.save([m.create(Photo, { title: 'a' }), m.create(Content, { title: 'b' })]),
    act: async (_, raw) => {
      await raw(`UPDATE $content SET title = title || '!'`);
      await raw('DELETE FROM $content');
    },
    told: ['/photos/1 a!', '/contents/2 b!', '/photos/1 deleted', '/contents/2 deleted'],
  },
  {
    call: 'what events tell is not told twice',
    act: (m) => m.save(Visit, { title: 'a' }),
    told: [],
    events: ['/visits/1 a'],
  },
];

describe.skipIf(!there.has('PostgreSQL'))('told by triggers', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let app: TriggerApp;

  beforeAll(async () => {
    database = await openDatabase('PostgreSQL', 'trigger_writes', ENTITIES);
    ({ dataSource } = database);
    await migrate(dataSource, 'up', TRIGGERED);
  });
  afterAll(() => database?.drop());
  beforeEach(async () => {
    await database.empty();
    await dataSource.query(`TRUNCATE ${schema()}.mercure_changes`);
    app = await startTriggerApp(dataSource);
  });
  afterEach(() => app?.close());

  const schema = () => (dataSource.options as { schema: string }).schema;
  const raw: Raw = (sql) => dataSource.query(sql.replaceAll('$', `${schema()}.`));

  it.each(WRITES)('$call', async ({ given, act, told, logged = [], events = [] }) => {
    await given?.(dataSource.manager);
    await app.told();
    const before = app.accepted.length;
    await act(dataSource.manager, raw);
    expect((await app.told()).slice(before)).toEqual(told);
    expect(app.logger.lines).toEqual(logged.map((part) => expect.stringContaining(part) as string));
    expect(app.byEvents.told).toEqual(events);
  });
});

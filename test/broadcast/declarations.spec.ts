import { describe, expect, expectTypeOf, it } from 'vitest';
import Database from 'libsql';
import { ChildEntity, Column, DataSource, Entity, ManyToOne, PrimaryColumn, TableInheritance } from 'typeorm';
import type { BroadcastOptions } from '../../src/broadcast/broadcast-options.js';
import { Broadcast } from '../../src/broadcast/broadcast.decorator.js';
import { EntityBroadcaster } from '../../src/broadcast/entity-broadcaster.js';
import { MercureError } from '../../src/errors.js';
import { PUBLIC_URL, RecordingLogger, RecordingPublisher } from './recording.js';

const owner = { type: 'varchar' } as const;

/** An entity declared with any options, sensible or not. */
function bookWith(...declarations: unknown[]): new () => { id: number } {
  class Place {
    @Column({ type: 'varchar' })
    city!: string;
  }

  @Entity()
  class Book {
    @PrimaryColumn({ type: 'int' })
    id!: number;

    @Column({ ...owner })
    owner!: string;

    @Column({ type: 'varchar', select: false })
    secret!: string;

    @Column({ type: 'simple-json', nullable: true })
    meta!: object | null;

    @Column({ type: 'datetime', nullable: true })
    printed!: Date | null;

    @Column(() => Place)
    place!: Place;

    @ManyToOne(() => Book, { nullable: true })
    sequelOf!: unknown;
  }
  for (const options of declarations.toReversed()) Broadcast(options as BroadcastOptions)(Book);
  return Book;
}

async function opened(entities: (new () => object)[]): Promise<DataSource> {
  return new DataSource({
    type: 'better-sqlite3',
    driver: Database,
    database: ':memory:',
    entities,
    synchronize: true,
  }).initialize();
}

async function startWith(options: unknown, publicUrl: string | null = PUBLIC_URL): Promise<MercureError> {
  const dataSource = await opened([bookWith(options)]);
  try {
    broadcasterFor(new RecordingPublisher(), publicUrl).attach(dataSource);
  } catch (error) {
    expect(error).toBeInstanceOf(MercureError);
    return error as MercureError;
  } finally {
    await dataSource.destroy();
  }
  throw new Error('It started.');
}

function broadcasterFor(
  publisher: RecordingPublisher,
  publicUrl: string | null = PUBLIC_URL,
  logger = new RecordingLogger(),
): EntityBroadcaster {
  return new EntityBroadcaster({ publisher, logger, publicUrl: publicUrl ?? undefined });
}

describe('a declaration refuses to start', () => {
  type Wrong = [what: string, options: unknown, publicUrl: string | null, message: RegExp];
  const wrong: Wrong[] = [
    ['a bulk mode it does not know', { bulk: 'all' }, PUBLIC_URL, /option "bulk" is not one of its modes/],
    [
      '"bulk" of a collection it has not',
      { bulk: 'collection' },
      PUBLIC_URL,
      /"bulk" is "collection", and no topic/,
    ],
    [
      '"bulk" of a collection whose topic has columns',
      { bulk: 'collection', collection: '/{owner}/books' },
      PUBLIC_URL,
      /Set "collection" to true, or to a topic without columns/,
    ],
    [
      'an option it does not know',
      { topics: '/b/{id}' },
      PUBLIC_URL,
      /"Book": unknown option "topics".*"topic"/,
    ],
    [
      'a column that is not there',
      { topic: '/b/{isbn}' },
      PUBLIC_URL,
      /"\/b\/\{isbn\}".*"isbn".*"id", "owner"/,
    ],
    [
      'a column with select: false',
      { topic: '/b/{secret}' },
      PUBLIC_URL,
      /"secret", which is hidden by select: false/,
    ],
    [
      'a relation without a column property',
      { topic: '/b/{sequelOf}' },
      PUBLIC_URL,
      /"sequelOf", which is not a column/,
    ],
    [
      'an expression of RFC 6570',
      { topic: '/b{?id}' },
      PUBLIC_URL,
      /"\{\?id\}", which is not the name of a column/,
    ],
    ['a brace left open', { topic: '/b/{id' }, PUBLIC_URL, /brace/],
    ['an empty list of topics', { topic: [] }, PUBLIC_URL, /"topic" is empty/],
    ['an empty topic', { topic: '' }, PUBLIC_URL, /"topic" holds an empty text/],
    ['a topic like a route', { topic: '/books/:id' }, PUBLIC_URL, /":id".*Write "\/books\/\{id\}"/],
    ['a topic that is neither text nor function', { topic: [7] }, PUBLIC_URL, /neither text nor a function/],
    [
      'a path beyond the key of a relation',
      { topic: '/b/{sequelOf.owner}' },
      PUBLIC_URL,
      /"sequelOf.owner", which is not.*the key of a relation.*"sequelOf.id"/,
    ],
    [
      'a collection of private entities',
      { collection: true, private: true },
      PUBLIC_URL,
      /"collection" on a private entity/,
    ],
    [
      'a collection of entities that may be private',
      { collection: '/b', private: () => false },
      PUBLIC_URL,
      /"collection" on a private entity/,
    ],
    ['a collection that is no topic', { collection: 7 }, PUBLIC_URL, /"collection" is neither/],
    ['an unknown operation', { on: ['insert'] }, PUBLIC_URL, /"on".*"create", "update", "delete"/],
    ['an operation of neither false nor rules', { create: 'no' }, PUBLIC_URL, /"create" is neither/],
    [
      'a rule it does not know',
      { update: { column: ['id'] } },
      PUBLIC_URL,
      /"Book": unknown option "update.column".*"update.columns"/,
    ],
    ['columns of a create', { create: { columns: ['id'] } }, PUBLIC_URL, /unknown option "create.columns"/],
    ['a condition that is no function', { delete: { when: true } }, PUBLIC_URL, /"delete.when" is not a fun/],
    ['columns that are no list', { update: { columns: 'id' } }, PUBLIC_URL, /"update.columns" is not a list/],
    [
      'a column nobody sees',
      { update: { columns: ['secret'] } },
      PUBLIC_URL,
      /"update.columns" names "secret".*"place.city", "sequelOf"/,
    ],
    ['a privacy that is neither boolean nor function', { private: 'yes' }, PUBLIC_URL, /"private"/],
    ['a payload of no kind', { payload: 'patch' }, PUBLIC_URL, /"payload".*"merge-patch"/],
    [
      'a merge patch where updates are left out',
      { payload: 'merge-patch', update: { columns: ['id'] } },
      PUBLIC_URL,
      /"update" leaves out updates that a merge patch builds on/,
    ],
    ...(
      [
        ['creates', 'create', { create: false }],
        ['some creates', 'create', { create: { when: () => true } }],
        ['creates by "on"', 'on', { on: ['update', 'delete'] }],
        ['recoveries', 'recover', { recover: false }],
      ] as const
    ).map(([what, name, options]): Wrong => [
      `a merge patch where ${what} are left out`,
      { payload: 'merge-patch', ...options },
      PUBLIC_URL,
      new RegExp(`"${name}" leaves out updates that a merge patch builds on`),
    ]),
    ['a serializer that is no function', { serialize: true }, PUBLIC_URL, /"serialize" is not a function/],
    ['groups that are no list', { groups: 'all' }, PUBLIC_URL, /"groups" is not a list/],
    [
      'two serializers',
      { groups: [], serialize: () => ({}) },
      PUBLIC_URL,
      /"serialize" and "groups" are both there/,
    ],
    [
      'a serializer of nothing',
      { payload: 'reference', groups: [] },
      PUBLIC_URL,
      /"reference" has no row to serialize/,
    ],
    ['JSON-LD of no kind', { jsonLd: 'yes' }, PUBLIC_URL, /"jsonLd" is neither/],
    [
      'JSON-LD it does not know',
      { jsonLd: { '@type': 'B' } },
      PUBLIC_URL,
      /unknown option "jsonLd.@type".*"jsonLd.type"/,
    ],
    [
      'a relative context without publicUrl',
      { topic: 'urn:b:{id}', jsonLd: { context: '/c' } },
      null,
      /"jsonLd.context" is relative.*"publicUrl"/,
    ],
    ['a window of no time', { windowMs: -1 }, PUBLIC_URL, /"windowMs" is not a number of milliseconds/],
    ['the end of no window', { maxWaitMs: 5 }, PUBLIC_URL, /"maxWaitMs" is the end of a window.*"windowMs"/],
    ['a window for ever', { windowMs: 5, maxWaitMs: Infinity }, PUBLIC_URL, /"maxWaitMs" is not a number/],
    [
      'a window of merge patches',
      { windowMs: 5, payload: 'merge-patch' },
      PUBLIC_URL,
      /"windowMs" leaves out updates that a merge patch builds on/,
    ],
    ['a type of two lines', { type: 'a\nb' }, PUBLIC_URL, /"type"/],
    ['a default topic without publicUrl', {}, null, /"Book".*"publicUrl"/],
    ['a relative topic without publicUrl', { topic: '/b/{id}' }, null, /"\/b\/\{id\}".*"publicUrl"/],
  ];

  it.each(wrong)('%s', async (_what, options, publicUrl, message) => {
    const error = await startWith(options, publicUrl);
    expect(error.code).toBe('BROADCAST_INVALID');
    expect(error.message).toMatch(message);
    expect(error.remedy).not.toBe('');
  });

  it('written without parentheses', () => {
    expect(() => Broadcast(class {} as never)).toThrow(/without parentheses/);
  });
});

describe('topics', () => {
  const row = {
    id: 7,
    owner: 'a/b?{x}..é',
    secret: '',
    meta: { a: 1 },
    printed: null,
    place: { city: 'Lille' },
  };

  async function topicsOf(
    topic: unknown,
    publicUrl: string | null = PUBLIC_URL,
    logger = new RecordingLogger(),
  ): Promise<unknown[]> {
    const Book = bookWith({ topic });
    const dataSource = await opened([Book]);
    const publisher = new RecordingPublisher();
    const broadcaster = broadcasterFor(publisher, publicUrl, logger);
    broadcaster.attach(dataSource);
    await dataSource.manager.save(Book, { ...row });
    await broadcaster.flush();
    await dataSource.destroy();
    return publisher.updates.map((update) => update.topic);
  }

  it.each([
    ['a template is filled in', 'https://example.org/b/{id}', ['https://example.org/b/7']],
    ['any scheme is absolute', 'urn:book:{id}', ['urn:book:7']],
    ['a relative one is resolved', '/b/{id}', ['https://example.com/b/7']],
    ['values are percent-encoded', '/o/{owner}', ['https://example.com/o/a%2Fb%3F%7Bx%7D..%C3%A9']],
    ['an embedded column has a path', '/c/{place.city}', ['https://example.com/c/Lille']],
    [
      'a function is given the entity',
      (book: { id: number }) => `/f/${book.id}`,
      ['https://example.com/f/7'],
    ],
    ['a function may return several', () => ['/x', 'urn:y'], ['https://example.com/x', 'urn:y']],
    [
      'several are one update',
      ['/a/{id}', '/b/{id}', '/a/{id}'],
      ['https://example.com/a/7', 'https://example.com/b/7'],
    ],
    ['one whose column is null is left out', ['/a/{id}', '/p/{printed}'], ['https://example.com/a/7']],
  ])('%s', async (_what, topic, expected) => {
    expect(await topicsOf(topic)).toEqual([expected]);
  });

  it('a value cannot climb out of its place', async () => {
    row.owner = '..';
    expect(await topicsOf('/o/{owner}/x')).toEqual([['https://example.com/o/../x']]);
  });

  it('the default keeps the path of publicUrl', async () => {
    expect(await topicsOf(undefined, 'https://example.com/app/')).toEqual([
      ['https://example.com/app/books/7'],
    ]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('theirs');
      },
      /Broadcast of entity "Book" \(create\): theirs/,
    ],
    ['returns no text', () => undefined, /\(create\): the function "topic" returned no text/],
    ['returns a relative topic without publicUrl', () => '/b', /\(create\):.*publicUrl/],
  ])('a function that %s costs that update alone, and is logged', async (_what, topic, message) => {
    const logger = new RecordingLogger();
    expect(await topicsOf(topic, null, logger)).toEqual([]);
    expect(logger.lines).toEqual([expect.stringMatching(message)]);
  });

  it('a column that holds an object has no place in a topic', async () => {
    const logger = new RecordingLogger();
    expect(await topicsOf('/m/{meta}', PUBLIC_URL, logger)).toEqual([]);
    expect(logger.lines).toEqual([expect.stringContaining('column "meta" holds neither text nor a number')]);
  });
});

describe('privacy', () => {
  it.each([
    ['true', true, true],
    ['false', false, false],
    ['a function of the entity', (book: { id: number }) => book.id !== 7, false],
    ['a function that forgets to answer is private', () => undefined, true],
    ['an async function is private', async () => false, true],
  ])('%s', async (_what, isPrivate, expected) => {
    const Book = bookWith({ private: isPrivate });
    const dataSource = await opened([Book]);
    const publisher = new RecordingPublisher();
    const broadcaster = broadcasterFor(publisher);
    broadcaster.attach(dataSource);
    await dataSource.manager.save(Book, { id: 7, owner: 'o', secret: '', place: { city: 'Lille' } });
    await broadcaster.flush();
    await dataSource.destroy();
    expect(publisher.updates.map((update) => update.private)).toEqual([expected]);
  });
});

describe('inheritance', () => {
  it('a subclass has the declarations of its nearest ancestor, or its own instead', async () => {
    @Broadcast({ topic: '/things/{id}' })
    abstract class Thing {
      @PrimaryColumn({ type: 'int' })
      id!: number;
    }
    @Entity()
    class Chair extends Thing {}
    @Broadcast({ topic: '/tables/{id}' })
    @Entity()
    class Table extends Thing {}
    const dataSource = await opened([Chair, Table]);
    const publisher = new RecordingPublisher();
    const broadcaster = broadcasterFor(publisher);
    broadcaster.attach(dataSource);
    await dataSource.manager.save(Object.assign(new Chair(), { id: 1 }));
    await dataSource.manager.save(Object.assign(new Table(), { id: 1 }));
    await broadcaster.flush();
    await dataSource.destroy();
    expect(publisher.told).toEqual(['/things/1', '/tables/1']);
  });

  it('a child that is declared where its parent is not, written through the parent', async () => {
    @Entity()
    @TableInheritance({ column: { type: 'varchar', name: 'kind' } })
    class Item {
      @PrimaryColumn({ type: 'int' })
      id!: number;

      @Column({ type: 'varchar' })
      title!: string;
    }
    @Broadcast()
    @ChildEntity()
    class Film extends Item {}
    const dataSource = await opened([Item, Film]);
    const publisher = new RecordingPublisher();
    const broadcaster = broadcasterFor(publisher);
    broadcaster.attach(dataSource);
    await dataSource.manager.save(Item, { id: 1, title: 'an item' });
    await dataSource.manager.save(Film, { id: 2, title: 'a film' });
    await dataSource.manager.save(Item, { id: 2, title: 'the film' });
    await broadcaster.flush();
    await dataSource.destroy();
    expect(publisher.told).toEqual(['/films/2 a film', '/films/2 the film']);
  });
});

it('the types of an option follow the entity', () => {
  class Book {
    id!: number;
  }
  expectTypeOf(Broadcast({ topic: (book: Book) => `/books/${book.id}` })).toBeCallableWith(Book);
  expectTypeOf(Broadcast()).toBeCallableWith(Book);
  // @ts-expect-error a class without what the function reads
  Broadcast({ topic: (book: Book) => `/books/${book.id}` })(class Other {});
});

it('a database whose transactions cannot be followed is refused: what it rolls back would be told', async () => {
  const dataSource = await opened([bookWith({})]);
  Object.assign(dataSource.options, { type: 'mssql' });
  const attach = () => broadcasterFor(new RecordingPublisher(), PUBLIC_URL).attach(dataSource);
  expect(attach).toThrow(
    expect.objectContaining({
      code: 'BROADCAST_INVALID',
      message: expect.stringMatching(/entity "Book": its database \("mssql"\).*PostgreSQL/) as string,
    }),
  );
  await dataSource.destroy();
});

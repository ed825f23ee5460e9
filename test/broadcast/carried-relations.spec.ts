import 'reflect-metadata';
import { Expose } from 'class-transformer';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DataSource, EntityManager } from 'typeorm';
import type { BroadcastOptions } from '../../src/broadcast/broadcast-options.js';
import { answering, type DatabaseName, DATABASES, openDatabase, type TestDatabase } from './databases.js';
import { PUBLIC_URL, recordingBroadcaster } from './recording.js';
import { Author, Book, Chapter, Cover, RELATED, Shelf, Tag, Town } from './relation-entities.js';

const there = await answering('test/broadcast/carried-relations');

type Declared = { [Name in keyof typeof RELATED]?: BroadcastOptions<InstanceType<(typeof RELATED)[Name]>> };

describe.each<DatabaseName>(DATABASES)('relations that followers see on %s', (name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;
    let dataSource: DataSource;
    let manager: EntityManager;
    let recording: ReturnType<typeof recordingBroadcaster>;

    beforeAll(async () => {
      database = await openDatabase(name, 'carried_relations', Object.values(RELATED));
      ({ dataSource } = database);
      ({ manager } = dataSource);
    });
    afterAll(() => database?.drop());
    beforeEach(async () => {
      await database.empty();
      await manager.insert(Author, [{ id: 1 }, { id: 2 }]);
      await manager.insert(
        Tag,
        [1, 2, 3, 10].map((id) => ({ id })),
      );
      await manager.insert(Shelf, [
        { room: 'b', no: 1 },
        { room: 'a', no: 2 },
        { room: 'a', no: 1 },
      ]);
    });
    afterEach(() => {
      dataSource.subscribers.length = 0;
    });

    function declare(declared: Declared): void {
      recording = recordingBroadcaster();
      for (const [entity, options] of Object.entries(declared)) {
        recording.broadcaster.register(RELATED[entity as keyof typeof RELATED], options as BroadcastOptions);
      }
      recording.broadcaster.attach(dataSource);
      // What links say is read when it is told: each step is told before the next one.
      dataSource.subscribers.push({
        async afterTransactionCommit({ queryRunner }) {
          if (!queryRunner.isTransactionActive) await recording.broadcaster.flush();
        },
      });
    }

    /** What was told since the last time: topics, and what rows have beside their columns, `deleted` for deletes. */
    async function told(): Promise<[string, unknown][]> {
      await recording.broadcaster.flush();
      expect(recording.logger.lines).toEqual([]);
      const { updates } = recording.publisher;
      recording.publisher.batches = [];
      return updates.map(({ topic, data }) => {
        const payload = JSON.parse(data as string) as Record<string, unknown>;
        const { id: _id, title: _title, note: _note, deletedAt: _deletedAt, ...rest } = payload;
        const topics = [topic].flat().map((each) => each.replace(PUBLIC_URL, ''));
        return [topics.join(' '), payload['deleted'] ? 'deleted' : rest];
      });
    }

    const keys = (...ids: number[]) => ids.map((id) => ({ id }));
    const save = (values: object) => manager.save(Book, { id: 1, ...values });
    const link = () => manager.createQueryBuilder().relation(Book, 'tags').of(1);

    it('are keys of what it points to and is linked to, in their order', async () => {
      declare({ Book: { relations: ['author', 'tags', 'shelves'] } });
      await save({
        author: { id: 1 },
        tags: keys(10, 2, 1),
        shelves: [
          { room: 'b', no: 1 },
          { room: 'a', no: 2 },
          { room: 'a', no: 1 },
        ],
      });
      await save({ author: null, title: 'b', tags: [], shelves: [] });
      expect(await told()).toEqual([
        [
          '/books/1',
          {
            author: { id: 1 },
            tags: keys(1, 2, 10),
            shelves: [
              { room: 'a', no: 1 },
              { room: 'a', no: 2 },
              { room: 'b', no: 1 },
            ],
          },
        ],
        ['/books/1', { author: null, tags: [], shelves: [] }],
      ]);
    });

    it('are what they are now, whoever changed them', async () => {
      declare({
        Book: { relations: ['tags', 'chapters', 'cover'] },
        Chapter: { touch: ['book'], create: false, update: false, delete: false },
        Cover: { touch: ['book'], create: false, update: false },
      });
      await save({ tags: keys(1) });
      await link().add(2);
      await manager.save(Tag, { id: 3, books: keys(1) });
      await manager.save(Chapter, { id: 7, bookId: 1 });
      await manager.save(Cover, { id: 'c', book: { id: 1 } });
      await manager.remove(await manager.findOneByOrFail(Tag, { id: 1 }));
      await manager.remove(await manager.findOneByOrFail(Chapter, { id: 7 }));
      const seen = (tags: object, chapters: object, cover: object | null) => [
        '/books/1',
        { tags, chapters, cover },
      ];
      // What is told outside transactions is read when its turn comes, together with what came meanwhile.
      const all = await told();
      expect(all.at(-1)).toEqual(seen(keys(2, 3), [], { id: 'c' }));
      await dataSource.transaction((inside) =>
        inside.save(Chapter, [
          { id: 8, bookId: 1 },
          { id: 7, bookId: 1 },
        ]),
      );
      expect(await told()).toEqual([seen(keys(2, 3), keys(7, 8), { id: 'c' })]);
    });

    it('leave out rows that are soft-deleted, as find() does', async () => {
      declare({ Tag: { inverse: true, relations: ['books'] } });
      await save({ tags: keys(1) });
      await manager.save(Book, { id: 2, tags: keys(1) });
      const [gone] = await manager.findBy(Book, { id: 2 });
      await manager.softRemove(gone!);
      await told();
      const found = async () => {
        const { books } = await manager.findOneOrFail(Tag, { where: { id: 1 }, relations: { books: true } });
        return books.map(({ id }) => ({ id }));
      };
      await manager.save(Tag, { id: 1, title: 'b' });
      expect(await told()).toEqual([['/tags/1', { books: await found() }]]);
      expect(await found()).toEqual(keys(1));
      await manager.recover(gone!);
      await manager.save(Tag, { id: 1, title: 'c' });
      expect(await told()).toEqual([['/tags/1', { books: keys(1, 2) }]]);
    });

    it('are of the inverse side, where its links are told', async () => {
      declare({ Tag: { inverse: true, relations: ['books'] } });
      await manager.save(Book, [
        { id: 2, tags: keys(1) },
        { id: 1, tags: keys(1, 2) },
      ]);
      expect(await told()).toEqual([
        ['/tags/1', { books: keys(1, 2) }],
        ['/tags/2', { books: keys(1) }],
      ]);
    });

    it('are of one declaration, and not of another', async () => {
      declare({ Book: { relations: ['tags'] } });
      recording.broadcaster.register(Book, { topic: '/plain/{id}' });
      await save({ tags: keys(1) });
      expect(await told()).toEqual([
        ['/books/1', { tags: keys(1) }],
        ['/plain/1', {}],
      ]);
    });

    it('are of a child of single-table inheritance', async () => {
      declare({ Town: { relations: ['tags', 'within'] } });
      await manager.save(Town, { id: 1, tags: keys(2, 1) });
      await manager.save(Town, { id: 2, within: { id: 1 } });
      expect(await told()).toEqual([
        ['/towns/1', { tags: keys(1, 2), within: null }],
        ['/towns/2', { tags: [], within: { id: 1 } }],
      ]);
    });

    it('are in a merge patch where they changed, and make one by themselves', async () => {
      declare({
        Book: { payload: 'merge-patch', relations: ['author', 'tags', 'chapters'] },
        Chapter: { touch: ['book'], create: false, update: false, delete: false },
      });
      await save({ author: { id: 1 }, tags: keys(1, 2) });
      await told();
      const patches: unknown[] = [];
      const patch = async (act: () => Promise<unknown>) => {
        await act();
        patches.push((await told()).map(([, payload]) => payload));
      };
      await patch(() => save({ tags: keys(2, 3) }));
      await patch(() => save({ title: 'b' }));
      await patch(() => save({ author: { id: 2 } }));
      await patch(() => manager.save(Chapter, { id: 7, bookId: 1 }));
      await patch(() => manager.save(Chapter, { id: 7, title: 'seen by nobody who follows the book' }));
      await patch(() =>
        dataSource.transaction(async (inside) => {
          await inside.save(Book, { id: 1, tags: keys(1) });
          await inside.save(Book, { id: 1, tags: keys(2, 3) });
        }),
      );
      await patch(() => manager.save(Chapter, { id: 7, title: '', bookId: null }));
      expect(patches).toEqual([
        [{ tags: keys(2, 3) }],
        [{}],
        [{ author: { id: 2 } }],
        [{ chapters: keys(7) }],
        [],
        [],
        [{ chapters: [] }],
      ]);
    });

    describe('functions', () => {
      /** A topic for each tag of a book. */
      const byTag: BroadcastOptions<Book> = {
        topic: ['/books/{id}', ({ tags }) => tags.map(({ id }) => `/tags/${id}`)],
        relations: ['tags'],
      };

      it('find them in the row, and in the row as it was', async () => {
        const asked: unknown[] = [];
        declare({
          Book: {
            relations: ['tags', 'author'],
            update: {
              when: (now, before) => {
                asked.push([before?.tags, now.tags, now.author]);
                return true;
              },
            },
            serialize: ({ tags }, { before }) => ({ now: tags.length, before: before?.tags.length }),
          },
        });
        await save({ author: { id: 1 }, tags: keys(1) });
        await save({ tags: keys(1, 2) });
        await save({ title: 'b', tags: keys(3) });
        expect(await told()).toEqual([
          ['/books/1', { now: 1 }],
          ['/books/1', { now: 2, before: 1 }],
          ['/books/1', { now: 1, before: 2 }],
        ]);
        expect(asked).toEqual([
          [keys(1), keys(1, 2), { id: 1 }],
          [keys(1, 2), keys(3), { id: 1 }],
        ]);
        const [[, [tag], author]] = asked as [[unknown, [Tag], Author]];
        expect([tag, author]).toEqual([expect.any(Tag), expect.any(Author)]);
      });

      it('make topics of them, which a row leaves and comes to', async () => {
        declare({ Book: byTag });
        const steps: unknown[] = [];
        const step = async (act: () => Promise<unknown>) => {
          await act();
          steps.push(
            (await told()).map(([topics, payload]) => (payload === 'deleted' ? `- ${topics}` : topics)),
          );
        };
        const book = () => manager.findOneOrFail(Book, { where: { id: 1 }, withDeleted: true });
        await step(() => save({ tags: keys(1, 2) }));
        await step(() => save({ tags: keys(2, 3) }));
        await step(() => link().remove(3));
        await step(async () => manager.softRemove(await book()));
        await step(async () => manager.recover(await book()));
        await step(async () => manager.remove(await manager.findOneByOrFail(Tag, { id: 2 })));
        await step(() => link().add(10));
        await step(async () => manager.remove(await book()));
        expect(steps).toEqual([
          ['/books/1 /tags/1 /tags/2'],
          ['- /tags/1', '/books/1 /tags/2 /tags/3'],
          ['- /tags/3', '/books/1 /tags/2'],
          ['- /books/1 /tags/2'],
          ['/books/1 /tags/2'],
          ['- /tags/2', '/books/1'],
          ['/books/1 /tags/10'],
          ['- /books/1 /tags/10'],
        ]);
      });

      it('find them in rows that a condition deletes', async () => {
        declare({ Book: { ...byTag, bulk: 'ids' } });
        await save({ title: 'a', tags: keys(1, 2) });
        await manager.update(Book, { title: 'a' }, { title: 'b' });
        await recording.broadcaster.flush();
        await manager.delete(Book, { title: 'b' });
        const topics = '/books/1 /tags/1 /tags/2';
        const columns = { tags: keys(1, 2) };
        expect(await told()).toEqual([
          [topics, columns],
          [topics, columns],
          [topics, 'deleted'],
        ]);
      });

      it('are not asked about links that were rolled back', async () => {
        declare({ Book: byTag });
        await save({ tags: keys(1) });
        await dataSource.transaction(async (inside) => {
          const failing = inside.transaction(async (deeper) => {
            await deeper.save(Book, { id: 1, tags: [] });
            throw new Error('theirs');
          });
          await expect(failing).rejects.toThrow('theirs');
          await inside.save(Book, { id: 1, title: 'b' });
        });
        expect((await told()).map(([topics]) => topics)).toEqual(['/books/1 /tags/1', '/books/1 /tags/1']);
      });

      it('make no topic of a row that is read without them', () => {
        declare({ Book: { topic: ({ tags }) => `/tagged/${tags.length}`, relations: ['tags'] } });
        const resource = recording.broadcaster.resourceOf(Book);
        const book = { id: 1, title: 'a', note: '', deletedAt: null };
        expect(resource?.topicOf(book)).toBeUndefined();
        expect(resource?.topicOf({ ...book, tags: [] })).toBe(`${PUBLIC_URL}/tagged/0`);
      });

      it('decide on privacy by them', async () => {
        declare({ Book: { relations: ['tags'], private: ({ tags }) => tags.some(({ id }) => id === 3) } });
        await save({ tags: keys(1) });
        await save({ tags: keys(3) });
        await recording.broadcaster.flush();
        expect(recording.publisher.updates.map((update) => update.private)).toEqual([false, false, true]);
        expect(recording.publisher.updates[1]?.data).toContain('"deleted":true');
      });
    });

    it('are exposed by groups', async () => {
      Expose({ groups: ['public'] })(Book.prototype, 'tags');
      Expose({ groups: ['public'] })(Tag.prototype, 'id');
      declare({ Book: { relations: ['tags', 'author'], groups: ['public'] } });
      await save({ author: { id: 1 }, tags: keys(1) });
      expect(await told()).toEqual([['/books/1', { tags: keys(1) }]]);
    });

    describe('the reads', () => {
      async function reads(work: (inside: EntityManager) => Promise<unknown>): Promise<string[]> {
        const tables: string[] = [];
        const listener = {
          afterQuery({ query }: { query: string }) {
            const table = /^SELECT .* FROM (?:["`]\w+["`]\.)?["`](\w+)["`] ["`](?:entity|link)["`]/.exec(
              query,
            )?.[1];
            if (table) tables.push(table);
          },
        };
        // What links say is read when it is told.
        await recording.broadcaster.flush();
        dataSource.subscribers.push(listener);
        await dataSource.transaction(work);
        await recording.broadcaster.flush();
        dataSource.subscribers.splice(dataSource.subscribers.indexOf(listener), 1);
        return tables;
      }
      const books = (count: number) => Array.from({ length: count }, (_, index) => ({ id: index + 1 }));

      it('are one for each relation and 500 rows; a foreign key costs none', async () => {
        declare({
          Book: { relations: ['author', 'tags', 'chapters'] },
          Chapter: { touch: ['book'], create: false },
        });
        await manager.insert(Book, books(600));
        await told();
        const tables = await reads((inside) =>
          inside
            .createQueryBuilder()
            .relation(Book, 'tags')
            .of(books(600).map(({ id }) => id))
            .add([1, 2, 3]),
        );
        const once = ['book', 'book_tag', 'chapter'];
        expect(tables).toEqual([...once, ...once]);
        const all = await told();
        expect(all).toHaveLength(600);
        expect(all.at(-1)).toEqual(['/books/600', { author: null, tags: keys(1, 2, 3), chapters: [] }]);
      });

      it.each<[string, BroadcastOptions<Book>, string[]]>([
        ['of a removal are none', {}, []],
        [
          'of a removal are there for a function',
          { private: ({ tags }) => tags.length > 9 },
          ['book', 'book_tag'],
        ],
      ])('%s', async (_what, options, expected) => {
        declare({ Book: { relations: ['tags'], ...options } });
        await save({ tags: keys(1) });
        const book = await manager.findOneByOrFail(Book, { id: 1 });
        const tables = await reads((inside) => inside.remove(book));
        // On SQLite a delete is told where the row is not there any more, which is looked at.
        expect(tables.slice(0, expected.length)).toEqual(expected);
        expect(tables.slice(expected.length)).toEqual(name === 'SQLite' ? ['book'] : []);
      });
    });

    it.each<[string, Declared, RegExp]>([
      ['no list', { Book: { relations: 'tags' as never } }, /"relations" is not a list of relations/],
      [
        'what is no relation',
        { Book: { relations: ['title'] } },
        /"Book": option "relations" names "title".*"author"/,
      ],
      [
        'links that are no updates',
        { Tag: { relations: ['books'] } },
        /names "books", whose links are.*"inverse"/,
      ],
      [
        'rows that do not touch it',
        { Book: { relations: ['chapters'] }, Chapter: {} },
        /names "chapters", and "Chapter" does not tell this entity.*touch: \["book"\] on "Chapter"/,
      ],
    ])('refuse to start with %s', (_what, declared, message) => {
      expect(() => declare(declared)).toThrow(
        expect.objectContaining({
          code: 'BROADCAST_INVALID',
          message: expect.stringMatching(message) as unknown,
        }),
      );
    });
  });
});

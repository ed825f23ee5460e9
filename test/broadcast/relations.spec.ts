import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DataSource, EntityManager } from 'typeorm';
import type { BroadcastOptions } from '../../src/broadcast/broadcast-options.js';
import { answering, type DatabaseName, DATABASES, openDatabase, type TestDatabase } from './databases.js';
import { recordingBroadcaster } from './recording.js';
import { Author, Book, Chapter, Place, RELATED, Shelf, Tag, Town } from './relation-entities.js';

const there = await answering('test/broadcast/relations');

type Declared = { [Name in keyof typeof RELATED]?: BroadcastOptions<InstanceType<(typeof RELATED)[Name]>> };

describe.each<DatabaseName>(DATABASES)('relations on %s', (name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;
    let dataSource: DataSource;
    let manager: EntityManager;
    let recording: ReturnType<typeof recordingBroadcaster>;

    beforeAll(async () => {
      database = await openDatabase(name, 'relations', Object.values(RELATED));
      ({ dataSource } = database);
      ({ manager } = dataSource);
    });
    afterAll(() => database?.drop());
    beforeEach(async () => {
      await database.empty();
      await manager.insert(Author, [{ id: 1 }, { id: 2 }]);
      await manager.insert(Tag, [{ id: 1 }, { id: 2 }, { id: 3 }]);
      await manager.insert(Shelf, [
        { room: 'a) OR (1', no: 1 },
        { room: 'b', no: 2 },
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
    }

    async function told(logged: readonly string[] = []): Promise<string[]> {
      await recording.broadcaster.flush();
      expect(recording.logger.lines).toEqual(logged.map((part) => expect.stringContaining(part)));
      const lines = recording.publisher.told;
      recording.publisher.batches = [];
      recording.logger.lines = [];
      return lines;
    }

    const link = (book: number | number[], inside = manager) =>
      inside.createQueryBuilder().relation(Book, 'tags').of(book);
    const WARNED = 'did not say which rows it changed';

    describe('a link', () => {
      beforeEach(async () => {
        declare({ Book: {} });
        await manager.save(Book, [
          { id: 1, title: 'a', tags: [{ id: 1 }, { id: 2 }] },
          { id: 2, title: 'b', tags: [] },
        ]);
        expect(await told()).toEqual(['/books/1 a', '/books/2 b']);
      });

      it.each<[string, () => Promise<unknown>, string[]]>([
        ['added by save()', () => manager.save(Book, { id: 2, tags: [{ id: 1 }] }), ['/books/2 b']],
        ['removed by save()', () => manager.save(Book, { id: 1, tags: [] }), ['/books/1 a']],
        [
          'replaced, with a column too, is one update',
          () => manager.save(Book, { id: 1, title: 'c', tags: [{ id: 2 }, { id: 3 }] }),
          ['/books/1 c'],
        ],
        [
          'from the other side is an update of the owners',
          () => manager.save(Tag, { id: 1, books: [{ id: 2 }] }),
          ['/books/2 b', '/books/1 a'],
        ],
        ['added by a statement', () => link(2).add([1, 2]), ['/books/2 b']],
        ['removed by a statement', () => link(1).remove([1, 2]), ['/books/1 a']],
        ['of several rows by a statement', () => link([1, 2]).add(3), ['/books/1 a', '/books/2 b']],
        [
          'removed by a statement, from the other side',
          () => manager.createQueryBuilder().relation(Tag, 'books').of({ id: 1 }).remove({ id: 1 }),
          ['/books/1 a'],
        ],
        [
          'of keys of several columns',
          () =>
            dataSource.transaction(async (inside) => {
              const shelves = await inside.find(Shelf);
              const relation = () => inside.createQueryBuilder().relation(Book, 'shelves').of(2);
              await relation().add(shelves);
              await relation().remove(shelves);
            }),
          ['/books/2 b'],
        ],
        [
          'of a row to another of its kind is one of its owner',
          () => manager.save(Book, { id: 1, prequels: [{ id: 2 }] }),
          ['/books/1 a'],
        ],
        [
          'that goes with its tag',
          async () => manager.remove(await manager.findOneByOrFail(Tag, { id: 1 })),
          ['/books/1 a'],
        ],
        [
          'that goes with its owner is no update',
          async () => manager.remove(await manager.findOneByOrFail(Book, { id: 1 })),
          ['/books/1 deleted'],
        ],
        [
          'of an owner that is soft-deleted is not told',
          () =>
            dataSource.transaction(async (inside) => {
              await inside.softRemove(await inside.findOneByOrFail(Book, { id: 1 }));
              await link(1, inside).add(3);
            }),
          ['/books/1 deleted'],
        ],
        [
          'of an owner that comes and goes is not told',
          () =>
            dataSource.transaction(async (inside) => {
              const book = await inside.save(Book, { id: 3, tags: [{ id: 1 }] });
              await inside.remove(Book, book);
            }),
          [],
        ],
        [
          'rolled back to a savepoint is not told',
          () =>
            dataSource.transaction(async (inside) => {
              await inside.save(Book, { id: 2, title: 'c' });
              const failing = inside.transaction(async (deeper) => {
                await link(1, deeper).add(3);
                throw new Error('theirs');
              });
              await expect(failing).rejects.toThrow('theirs');
            }),
          ['/books/2 c'],
        ],
      ])('%s', async (_what, act, expected) => {
        await act();
        expect(await told()).toEqual(expected);
      });

      it('removed by a statement of one’s own names no row: warned about, not told', async () => {
        await manager.createQueryBuilder().delete().from('book_tag').where({ bookId: 1 }).execute();
        expect(await told([WARNED])).toEqual([]);
        await link(2).add(3);
        await link(2).remove(3);
        expect(new Set(await told())).toEqual(new Set(['/books/2 b']));
      });

      it('removed by a statement that fails is forgotten', async () => {
        // PostgreSQL refuses the key, others find no such row.
        await manager
          .createQueryBuilder()
          .relation(Book, 'tags')
          .of('x')
          .remove(1)
          .catch(() => undefined);
        await link(1).remove(1);
        expect(await told()).toEqual(['/books/1 a']);
      });

      it('that another subscriber keeps from being removed is not told, the next one is', async () => {
        const refuse = {
          beforeRemove() {
            throw new Error('theirs');
          },
        };
        dataSource.subscribers.push(refuse);
        await expect(link(1).remove(1)).rejects.toThrow('theirs');
        dataSource.subscribers.splice(dataSource.subscribers.indexOf(refuse), 1);
        expect(await told()).toEqual([]);
        await link(1).remove(2);
        expect(await told()).toEqual(['/books/1 a']);
      });

      it('removed at the same time as others is told of each', async () => {
        await link(2).add([1, 2]);
        await told();
        await Promise.all([link(1).remove(1), link(2).remove(1), link(2).remove(2)]);
        expect(new Set(await told())).toEqual(new Set(['/books/1 a', '/books/2 b']));
      });

      it('that is suppressed is not told; who made one is', async () => {
        await recording.broadcaster.scope.suppress(async () => {
          await link(1).remove(1);
          await manager.save(Book, { id: 2, tags: [{ id: 1 }] });
        });
        expect(await told()).toEqual([]);
        await recording.broadcaster.scope.originate('me', () => link(1).add(3));
        await recording.broadcaster.flush();
        expect(recording.publisher.updates.map(({ data }) => JSON.parse(data as string))).toEqual([
          expect.objectContaining({ originator: 'me', id: 1 }),
        ]);
      });
    });

    describe('of the inverse side', () => {
      it.each<[string, BroadcastOptions<Tag>, string[]]>([
        ['no link is told by default', {}, []],
        ['all are with inverse: true', { inverse: true }, ['/tags/3']],
        ['those that are named are', { inverse: ['books'] }, ['/tags/3']],
        ['not if it is false', { inverse: false }, []],
      ])('%s', async (_what, Tag, expected) => {
        declare({ Tag });
        await manager.save(Book, { id: 1, tags: [{ id: 3 }] });
        expect(await told()).toEqual(expected);
      });

      it('and the owner both are told, in one hand-over', async () => {
        declare({ Tag: { inverse: true }, Book: {} });
        await manager.save(Book, { id: 1, title: 'a', tags: [{ id: 3 }] });
        await recording.broadcaster.flush();
        expect(recording.publisher.batches).toHaveLength(1);
        expect(await told()).toEqual(['/books/1 a', '/tags/3']);
        await manager.remove(await manager.findOneByOrFail(Book, { id: 1 }));
        expect(await told()).toEqual(['/tags/3', '/books/1 deleted']);
      });

      it('only declarations that say so tell it', async () => {
        declare({ Tag: { inverse: true, topic: '/inverse/{id}' } });
        recording.broadcaster.register(Tag, { topic: '/tags/{id}' });
        await manager.save(Book, { id: 1, tags: [{ id: 3, title: 'c' }] });
        expect(await told()).toEqual(['/inverse/3 c', '/tags/3 c']);
        await link(1).remove(3);
        expect(await told()).toEqual(['/inverse/3 c']);
      });

      it('of one entity with itself', async () => {
        declare({ Book: { inverse: true } });
        await manager.insert(Book, [{ id: 1 }, { id: 2 }, { id: 3 }]);
        await told();
        await manager.save(Book, { id: 1, prequels: [{ id: 2 }] });
        expect(await told()).toEqual(['/books/1', '/books/2']);
      });
    });

    describe('a link, as an update', () => {
      const given = async (options: BroadcastOptions<Book>) => {
        declare({ Book: options });
        await manager.save(Book, { id: 1, title: 'a' });
        await told();
      };
      const tag = () => manager.save(Book, { id: 1, tags: [{ id: 1 }] });
      const rename = () => manager.save(Book, { id: 1, title: 'b' });

      it.each<[string, BroadcastOptions<Book>['update'], number, number]>([
        ['is not told where updates are not', false, 0, 0],
        ['is not told where only columns are', { columns: ['title'] }, 0, 1],
        ['is told where the relation is named', { columns: ['tags'] }, 1, 0],
        ['is told where another is not', { columns: ['shelves', 'title'] }, 0, 1],
        ['is told where the condition says so', { when: ({ title }) => title === 'a' }, 1, 0],
        ['finds the row as it was', { when: (now, before) => before?.title === now.title }, 1, 0],
      ])('%s', async (_what, update, links, renames) => {
        await given({ update });
        await tag();
        expect(await told()).toHaveLength(links);
        await rename();
        expect(await told()).toHaveLength(renames);
      });

      it('makes no merge patch: nothing that followers see has changed', async () => {
        await given({ payload: 'merge-patch' });
        await tag();
        expect(await told()).toEqual([]);
        await manager.save(Book, { id: 1, title: 'b', tags: [] });
        await recording.broadcaster.flush();
        expect(recording.publisher.updates.map(({ data }) => data)).toEqual(['{"id":1,"title":"b"}']);
      });

      it('waits in a window like any other', async () => {
        await given({ windowMs: 60_000 });
        for (const id of [1, 2, 3]) await manager.save(Book, { id: 1, tags: [{ id }] });
        // The first at once, and the latest with the flush.
        expect(await told()).toEqual(['/books/1 a', '/books/1 a']);
      });

      it('moves no row', async () => {
        await given({ topic: ['/books/{id}', '/titles/{title}'], private: ({ title }) => title === 'b' });
        await tag();
        expect(await told()).toEqual(['/books/1 a']);
      });
    });

    it('a link of a child of single-table inheritance is told as what it is', async () => {
      declare({ Town: { topic: '/towns/{id}' } });
      await manager.insert(Town, { id: 1, title: 'Lille' });
      await manager.insert(Place, { id: 2 });
      await told();
      await manager.save(Town, { id: 1, tags: [{ id: 1 }] });
      await manager.save(Place, { id: 2, tags: [{ id: 1 }] });
      await manager.createQueryBuilder().relation(Place, 'tags').of([1, 2]).add(2);
      expect(await told()).toEqual(['/towns/1 Lille', '/towns/1 Lille']);
    });

    describe('a change of what touches a row', () => {
      const both: Declared = { Chapter: { touch: ['book'] }, Book: {} };
      const chapter = { id: 7, title: 'one', bookId: 1 };

      beforeEach(async () => {
        await manager.insert(Book, [
          { id: 1, title: 'a', author: { id: 1 } },
          { id: 2, title: 'b' },
        ]);
      });

      it.each<[string, () => Promise<unknown>, string[]]>([
        ['a create', () => manager.save(Chapter, { ...chapter, id: 8 }), ['/chapters/8 one', '/books/1 a']],
        [
          'an update',
          () => manager.save(Chapter, { id: 7, title: 'two' }),
          ['/chapters/7 two', '/books/1 a'],
        ],
        [
          'a move tells both',
          () => manager.save(Chapter, { id: 7, bookId: 2 }),
          ['/chapters/7 one', '/books/1 a', '/books/2 b'],
        ],
        [
          'one that comes to point to nothing',
          () => manager.save(Chapter, { id: 7, title: 'x', bookId: null }),
          ['/chapters/7 x', '/books/1 a'],
        ],
        [
          'a delete',
          async () => manager.remove(await manager.findOneByOrFail(Chapter, { id: 7 })),
          ['/chapters/7 deleted', '/books/1 a'],
        ],
        [
          'several are one update, with what the row changed itself',
          () =>
            dataSource.transaction(async (inside) => {
              await inside.save(Chapter, { id: 7, title: 'two' });
              await inside.save(Chapter, { id: 8, title: 'three', bookId: 1 });
              await inside.save(Book, { id: 1, title: 'c' });
            }),
          ['/chapters/7 two', '/chapters/8 three', '/books/1 c'],
        ],
        [
          'of a row that is created is only its create',
          () => manager.save(Book, { id: 3, title: 'c', chapters: [{ id: 8, title: 'x' }] }),
          ['/books/3 c', '/chapters/8 x'],
        ],
        [
          'of a row that is deleted is only its delete',
          () =>
            dataSource.transaction(async (inside) => {
              await inside.remove(await inside.findOneByOrFail(Chapter, { id: 7 }));
              await inside.remove(await inside.findOneByOrFail(Book, { id: 1 }));
            }),
          ['/chapters/7 deleted', '/books/1 deleted'],
        ],
        [
          'that is undone tells nothing',
          () =>
            dataSource.transaction(async (inside) => {
              await inside.remove(Chapter, await inside.save(Chapter, { ...chapter, id: 8 }));
            }),
          [],
        ],
        [
          'outside a transaction',
          () => manager.insert(Chapter, { ...chapter, id: 8 }),
          ['/chapters/8 one', '/books/1 a'],
        ],
      ])('%s', async (_what, act, expected) => {
        declare(both);
        await manager.save(Chapter, { ...chapter });
        expect(await told()).toEqual(['/chapters/7 one', '/books/1 a']);
        await act();
        expect(await told()).toEqual(expected);
      });

      it('whose foreign key has no property, and that is not told itself', async () => {
        const silent = { create: false, update: false, delete: false };
        declare({ Book: { ...silent, touch: ['author'] }, Author: {} });
        const steps: Record<string, string[]> = {};
        const step = async (what: string, act: () => Promise<unknown>) => {
          await act();
          steps[what] = await told();
        };
        const book = () => manager.findOneOrFail(Book, { where: { id: 3 }, withDeleted: true });
        await step('create', () => manager.save(Book, { id: 3, author: { id: 1 } }));
        await step('update', () => manager.save(Book, { id: 3, title: 'c' }));
        await step('link', () => manager.save(Book, { id: 3, tags: [{ id: 1 }] }));
        await step('move', () => manager.save(Book, { id: 3, author: { id: 2 } }));
        await step('soft delete', async () => manager.softRemove(await book()));
        await step('recovery', async () => manager.recover(await book()));
        await step('delete', async () => manager.remove(await book()));
        expect(steps).toEqual({
          create: ['/authors/1'],
          update: ['/authors/1'],
          link: ['/authors/1'],
          move: ['/authors/1', '/authors/2'],
          'soft delete': ['/authors/2'],
          recovery: ['/authors/2'],
          delete: ['/authors/2'],
        });
      });

      it('that is an orphan touches what it belonged to', async () => {
        declare({ Book: { touch: ['author'] }, Author: {} });
        await manager.save(Author, { id: 1, title: 'A', books: [] });
        expect(await told()).toEqual(['/authors/1 A', '/books/1 deleted']);
      });

      it('that is an orphan set free names no row: warned about, not told', async () => {
        declare(both);
        await manager.save(Chapter, { ...chapter });
        await told();
        await manager.save(Book, { id: 1, title: 'c', chapters: [] });
        expect(await told([`"Chapter" (update): a write ${WARNED}`])).toEqual(['/books/1 c']);
      });

      it('that its parent adopts without a cascade names no row: warned about, not told', async () => {
        declare({ Book: { touch: ['author'] }, Author: {} });
        await manager.save(Author, { id: 2, title: 'B', books: [{ id: 2 }] });
        expect(await told([`"Book" (update): a write ${WARNED}`])).toEqual(['/authors/2 B']);
      });

      it('whose rows are named (bulk: "ids") touches what each points and pointed to', async () => {
        declare({ Chapter: { touch: ['book'], bulk: 'ids' }, Book: {} });
        await manager.save(Chapter, [{ ...chapter }, { ...chapter, id: 8, title: 'two', bookId: 2 }]);
        await told();
        await manager.update(Chapter, { title: 'one' }, { bookId: 2 });
        expect(await told()).toEqual(['/chapters/7 one', '/books/1 a', '/books/2 b']);
        await manager.delete(Chapter, { bookId: 2 });
        expect(new Set(await told())).toEqual(
          new Set(['/chapters/7 deleted', '/chapters/8 deleted', '/books/2 b']),
        );
      });

      it('touches no further', async () => {
        declare({ Chapter: { touch: ['book'] }, Book: { touch: ['author'] }, Author: {} });
        await manager.save(Chapter, { ...chapter });
        expect(await told()).toEqual(['/chapters/7 one', '/books/1 a']);
      });

      it('that is not broadcast tells nothing of it', async () => {
        declare({ Chapter: { touch: ['book'] } });
        await manager.save(Chapter, { ...chapter });
        expect(await told()).toEqual(['/chapters/7 one']);
      });

      it.each<[string, BroadcastOptions<Book>['update'], string[]]>([
        ['is no change of its columns', { columns: ['title'] }, []],
        ['is one of the relation it has there', { columns: ['chapters'] }, ['/books/1 a']],
        ['is judged by the condition', { when: () => false }, []],
      ])('%s', async (_what, update, expected) => {
        declare({ Chapter: { touch: ['book'], create: false }, Book: { update } });
        await manager.save(Chapter, { ...chapter });
        expect(await told()).toEqual(expected);
      });

      it('says who made it, where it was one', async () => {
        declare({ Chapter: { touch: ['book'], create: false }, Book: {} });
        const { scope } = recording.broadcaster;
        const originators = async (): Promise<unknown[]> => {
          await recording.broadcaster.flush();
          const { updates } = recording.publisher;
          recording.publisher.batches = [];
          return updates.map(
            ({ data }) => (JSON.parse(data as string) as { originator?: string }).originator,
          );
        };
        await scope.originate('me', () => manager.save(Chapter, { ...chapter }));
        expect(await originators()).toEqual(['me']);
        await dataSource.transaction(async (inside) => {
          await scope.originate('me', () => inside.save(Chapter, { ...chapter, id: 8 }));
          await scope.originate('you', () => inside.save(Book, { id: 1, title: 'c' }));
        });
        expect(await originators()).toEqual([undefined]);
      });

      it('of a tree, and of a child of single-table inheritance', async () => {
        declare({ Place: { touch: ['within'] }, Town: { topic: '/towns/{id}' } });
        await manager.insert(Town, { id: 1, title: 'Lille' });
        await told();
        await manager.save(Place, { id: 2, within: { id: 1 } });
        await manager.save(Place, { id: 3, within: { id: 2 } });
        expect(await told()).toEqual(['/places/2', '/towns/1 Lille', '/places/3', '/places/2']);
      });
    });

    describe('the reads of a transaction', () => {
      async function reads(work: (inside: EntityManager) => Promise<unknown>): Promise<string[]> {
        const tables: string[] = [];
        const listener = {
          afterQuery({ query }: { query: string }) {
            const table = /^SELECT .* FROM (?:["`]\w+["`]\.)?["`](\w+)["`]/.exec(query)?.[1];
            if (table) tables.push(table);
          },
        };
        await dataSource.transaction(async (inside) => {
          await work(inside);
          dataSource.subscribers.push(listener);
        });
        // Of what was not written some is read when it is told.
        await recording.broadcaster.flush();
        dataSource.subscribers.splice(dataSource.subscribers.indexOf(listener), 1);
        return tables;
      }
      const rows = (count: number, values: (id: number) => object) =>
        Array.from({ length: count }, (_, index) => ({ id: index + 1, ...values(index + 1) }));

      beforeEach(async () => {
        await manager.insert(
          Book,
          rows(600, () => ({ title: 'a' })),
        );
      });

      it('are one for each 500 owners, however many links they have', async () => {
        declare({ Book: {} });
        const books = rows(600, () => ({})).map(({ id }) => id);
        const tables = await reads((inside) => link(books, inside).add([1, 2, 3]));
        expect(tables).toEqual(['book', 'book']);
        expect(await told()).toHaveLength(600);
      });

      it('are one more for each 500 rows that are touched, and none for what is read anyway', async () => {
        declare({ Chapter: { touch: ['book'] }, Book: {} });
        const chapters = rows(1_200, (id) => ({ bookId: ((id - 1) % 600) + 1 }));
        const tables = await reads(async (inside) => {
          for (const start of [0, 400, 800]) await inside.insert(Chapter, chapters.slice(start, start + 400));
        });
        expect(tables).toEqual(['chapter', 'chapter', 'chapter', 'book', 'book']);
        expect(await told()).toHaveLength(1_800);
        const again = await reads(async (inside) => {
          await inside.save(Chapter, { id: 1, title: 'one' });
          await inside.save(Book, { id: 1, title: 'b' });
        });
        expect(again).toEqual(['chapter', 'book']);
        expect(await told()).toEqual(['/chapters/1 one', '/books/1 b']);
      });

      it('are one more where only the row can say which kind it is', async () => {
        declare({ Place: {}, Town: {} });
        await manager.insert(
          Town,
          rows(3, () => ({})),
        );
        await told();
        const tables = await reads((inside) =>
          inside.createQueryBuilder().relation(Place, 'tags').of([1, 2, 3]).add([1, 2]),
        );
        expect(tables).toEqual(['place', 'place']);
        expect(await told()).toEqual(['/towns/1', '/towns/2', '/towns/3']);
      });
    });

    it.each<[string, Declared, RegExp]>([
      [
        'inverse of an owner',
        { Book: { inverse: ['tags'] } },
        /"Book": option "inverse" names "tags".*"sequels"/,
      ],
      [
        'inverse of nothing',
        { Chapter: { inverse: true } },
        /"Chapter": option "inverse": it is the inverse side of no/,
      ],
      [
        'inverse of no list',
        { Tag: { inverse: 'books' as never } },
        /"inverse" is neither a boolean nor a list/,
      ],
      [
        'a touch that is no list',
        { Book: { touch: 'author' as never } },
        /"touch" is not a list of relations/,
      ],
      [
        'a touch of nothing there',
        { Book: { touch: ['writer'] } },
        /"Book": option "touch" names "writer".*"author"/,
      ],
      [
        'a touch of many',
        { Book: { touch: ['tags'] } },
        /"touch" names "tags", which is not a relation with a foreign/,
      ],
      ['a touch of a path', { Chapter: { touch: ['book.author'] } }, /"touch" names "book.author".*"book"/],
      ['a touch where there are none', { Tag: { touch: ['books'] } }, /"touch" names "books".*Leave it out/],
      [
        'columns of an inverse side that is not told',
        { Tag: { update: { columns: ['books'] } } },
        /"update.columns" names "books".*"title"/,
      ],
      [
        'columns of nothing there',
        { Book: { update: { columns: ['tag'] } } },
        /"update.columns" names "tag".*"author", "tags", "shelves", "prequels", "chapters"/,
      ],
    ])('a declaration refuses to start: %s', (_what, declared, message) => {
      expect(() => declare(declared)).toThrow(
        expect.objectContaining({
          code: 'BROADCAST_INVALID',
          message: expect.stringMatching(message) as unknown,
        }),
      );
    });
  });
});

import { Exclude, Expose } from 'class-transformer';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Column, type DataSource, Entity, type EntityManager, PrimaryColumn, VersionColumn } from 'typeorm';
import type { BroadcastOptions } from '../../src/broadcast/broadcast-options.js';
import { mergePatch } from '../../src/broadcast/merge-patch.js';
import { answering, DATABASES, openDatabase, type TestDatabase } from './databases.js';
import { PUBLIC_URL, recordingBroadcaster } from './recording.js';

const there = await answering('test/broadcast/payload-kinds');

class Place {
  @Column({ type: 'varchar', default: '' })
  city!: string;

  @Column({ type: 'varchar', default: '' })
  street!: string;
}

@Entity()
class Film {
  @Expose()
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Expose({ groups: ['public'] })
  @Column({ type: 'varchar' })
  title!: string;

  @Expose({ groups: ['staff'] })
  @Column({ type: 'int', default: 0 })
  cost!: number;

  @Exclude()
  @Column({ type: 'varchar', nullable: true })
  note!: string | null;

  @Column({ type: 'varchar', default: 's', select: false })
  secret!: string;

  @Column({ type: 'simple-json', nullable: true })
  meta!: Record<string, unknown> | null;

  @Column(() => Place)
  place!: Place;

  @VersionColumn()
  version!: number;
}

const IRI = `${PUBLIC_URL}/films/1`;

describe.each(DATABASES)('payloads on %s', (name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;
    let dataSource: DataSource;
    let manager: EntityManager;
    let recording: ReturnType<typeof recordingBroadcaster>;

    beforeAll(async () => {
      database = await openDatabase(name, 'payload_kinds', [Film]);
      ({ dataSource } = database);
      ({ manager } = dataSource);
    });
    afterAll(() => database?.drop());
    beforeEach(() => database.empty());
    afterEach(() => {
      dataSource.subscribers.length = 0;
    });

    function declare(options: BroadcastOptions<Film>): void {
      recording = recordingBroadcaster();
      recording.broadcaster.register(Film, options as BroadcastOptions);
      recording.broadcaster.attach(dataSource);
    }

    const create = (values: object = {}) => manager.save(Film, { id: 1, title: 'a', ...values });
    const remove = async () => manager.remove(await manager.findOneByOrFail(Film, { id: 1 }));

    async function updates() {
      await recording.broadcaster.flush();
      expect(recording.logger.lines).toEqual([]);
      return recording.publisher.updates;
    }
    const payloads = async (): Promise<unknown[]> =>
      (await updates()).map(({ data }) => JSON.parse(data as string) as unknown);

    const row = {
      id: 1,
      title: 'a',
      cost: 0,
      note: null,
      meta: null,
      place: { city: '', street: '' },
      version: 1,
    };

    it('a delete says which version was deleted', async () => {
      declare({});
      await create();
      await remove();
      expect(await payloads()).toEqual([
        row,
        { '@id': IRI, '@type': 'Film', id: 1, version: 1, deleted: true },
      ]);
    });

    it('a reference is the key, and the version', async () => {
      declare({ payload: 'reference' });
      await create();
      await manager.save(Film, { id: 1, title: 'b' });
      const reference = { '@id': IRI, '@type': 'Film', id: 1 };
      expect(await payloads()).toEqual([
        { ...reference, version: 1 },
        { ...reference, version: 2 },
      ]);
    });

    describe('a merge patch', () => {
      beforeEach(() => declare({ payload: 'merge-patch' }));

      it('is the row, then the key and what changed', async () => {
        await create({ meta: { a: 1, b: { c: 2, d: [3] } } });
        await manager.save(Film, { id: 1, title: 'b', place: { city: 'Lille' } });
        await manager.save(Film, { id: 1, cost: 5, meta: { b: { c: 2, d: [4] } }, secret: 't' });
        expect(await payloads()).toEqual([
          { ...row, meta: { a: 1, b: { c: 2, d: [3] } } },
          { id: 1, title: 'b', place: { city: 'Lille' }, version: 2 },
          { id: 1, cost: 5, meta: { a: null, b: { d: [4] } }, version: 3 },
        ]);
      });

      it('is made against the row before the transaction', async () => {
        await create();
        await dataSource.transaction(async (inside) => {
          await inside.save(Film, { id: 1, title: 'b' });
          await inside.save(Film, { id: 1, title: 'a', cost: 4 });
        });
        expect((await payloads())[1]).toEqual({ id: 1, cost: 4, version: 3 });
      });
    });

    it('a merge patch is the whole row where not everybody knows the one before', async () => {
      declare({
        payload: 'merge-patch',
        topic: ['/films/{id}', '/costs/{cost}'],
        private: ({ note }) => !!note,
      });
      await create({ note: 'n' });
      await manager.save(Film, { id: 1, note: '' });
      await manager.save(Film, { id: 1, cost: 1 });
      const now = (version: number, values: object) => ({ ...row, version, ...values });
      expect(await payloads()).toEqual([
        now(1, { note: 'n' }),
        now(2, { note: '' }),
        expect.objectContaining({ '@id': IRI, deleted: true }),
        now(3, { note: '', cost: 1 }),
      ]);
    });

    it('a merge patch has nothing that the serializer leaves out', async () => {
      declare({ payload: 'merge-patch', serialize: ({ title }) => ({ title }) });
      await create();
      await manager.save(Film, { id: 1, cost: 1 });
      await manager.save(Film, { id: 1, cost: 2, title: 'b' });
      expect(await payloads()).toEqual([{ title: 'a' }, { id: 1, title: 'b' }]);
    });

    it('serialize is given the row and the change', async () => {
      declare({
        serialize: ({ title }, { operation, before, iri }) => ({ title, operation, was: before?.title, iri }),
      });
      await create();
      await manager.save(Film, { id: 1, title: 'b' });
      await remove();
      expect(await payloads()).toEqual([
        { title: 'a', operation: 'create', iri: IRI },
        { title: 'b', operation: 'update', was: 'a', iri: IRI },
        { '@id': IRI, '@type': 'Film', id: 1, version: 2, deleted: true },
      ]);
    });

    it.each<[string, () => unknown]>([
      ['a promise', async () => ({})],
      ['nothing', () => undefined],
    ])('serialize that returns %s costs its update, and is logged', async (_what, serialize) => {
      declare({ serialize: serialize as () => object });
      await create();
      await recording.broadcaster.flush();
      expect(recording.publisher.updates).toEqual([]);
      expect(recording.logger.lines).toEqual([
        expect.stringMatching(/\(create\): .*"serialize" returned no/),
      ]);
    });

    it.each([
      [['public'], { id: 1, title: 'a' }],
      [['public', 'staff'], { id: 1, title: 'a', cost: 0 }],
      [[], { id: 1 }],
    ])('groups %j send what is exposed to them, and nothing else', async (groups, expected) => {
      declare({ groups });
      await create({ note: 'n', meta: { a: 1 } });
      expect(await payloads()).toEqual([expected]);
    });

    it.each<[string, BroadcastOptions<Film>['jsonLd'], object]>([
      ['by default', true, { '@id': IRI, '@type': 'Film' }],
      [
        'with a type and a context',
        { type: 'Movie', context: '/context' },
        { '@context': `${PUBLIC_URL}/context`, '@id': IRI, '@type': 'Movie' },
      ],
      [
        'with a context of its own',
        { context: { '@vocab': 'https://schema.org/' } },
        { '@context': { '@vocab': 'https://schema.org/' }, '@id': IRI, '@type': 'Film' },
      ],
    ])('JSON-LD %s, of deletes too', async (_what, jsonLd, keywords) => {
      declare({ jsonLd });
      await create();
      await remove();
      expect(await payloads()).toEqual([
        { ...keywords, ...row },
        { ...keywords, id: 1, version: 1, deleted: true },
      ]);
    });

    it('JSON-LD of an entity with toJSON() is what it returns', async () => {
      declare({ jsonLd: true });
      Object.defineProperty(Film.prototype, 'toJSON', { configurable: true, value: () => ({ own: true }) });
      try {
        await create();
        expect(await payloads()).toEqual([{ '@id': IRI, '@type': 'Film', own: true }]);
      } finally {
        Reflect.deleteProperty(Film.prototype, 'toJSON');
      }
    });

    it.each<[string, BroadcastOptions<Film>['type'], (string | undefined)[]]>([
      ['none', undefined, [undefined, undefined, undefined, undefined, undefined]],
      ['a name', 'film', ['film', 'film', 'film', 'film', 'film']],
      ['the operation', 'operation', ['create', 'update', 'delete', 'create', 'delete']],
      [
        'what a function returns',
        ({ title }, { operation }) => (operation === 'delete' ? undefined : `${operation}-${title}`),
        ['create-a', 'update-b', undefined, 'create-b', undefined],
      ],
    ])('the type of events is %s', async (_what, type, expected) => {
      declare({ ...(type !== undefined && { type }), topic: '/films/{cost}' });
      await create();
      await manager.save(Film, { id: 1, title: 'b' });
      await manager.save(Film, { id: 1, cost: 2 });
      await remove();
      expect((await updates()).map(({ type }) => type)).toEqual(expected);
    });

    it('a type of two lines costs its update, and is logged', async () => {
      declare({ type: () => 'a\nevent: b' });
      await create();
      await recording.broadcaster.flush();
      expect(recording.publisher.updates).toEqual([]);
      expect(recording.logger.lines).toEqual([expect.stringContaining('"type" returned no line')]);
    });

    it.each(['resource', 'merge-patch', 'reference'] as const)(
      '%s: 501 rows changed in a transaction are read in two queries',
      async (payload) => {
        declare({ payload, jsonLd: true });
        const films = Array.from({ length: 501 }, (_, id) => ({ id, title: 'a' }));
        await manager.save(Film, films, { chunk: 100 });
        const selects: string[] = [];
        await dataSource.transaction(async (inside) => {
          await inside.save(
            Film,
            films.map(({ id }) => ({ id, title: 'b' })),
            { chunk: 100 },
          );
          dataSource.subscribers.push({
            afterQuery({ query }) {
              if (query.startsWith('SELECT')) selects.push(query);
            },
          });
        });
        expect(await updates()).toHaveLength(1002);
        expect(selects).toHaveLength(2);
      },
    );
  });
});

describe('mergePatch()', () => {
  it.each([
    [{ a: 1 }, { a: 1 }, undefined],
    [{ a: 1 }, { a: 2 }, { a: 2 }],
    [{ a: 1 }, {}, { a: null }],
    [{}, { a: [1] }, { a: [1] }],
    [{ a: { b: 1, c: 2 } }, { a: { b: 1 } }, { a: { c: null } }],
    [{ a: [1, 2] }, { a: [1] }, { a: [1] }],
    [{ a: { b: 1 } }, { a: [1] }, { a: [1] }],
    [{ a: 1 }, { a: { b: 1 } }, { a: { b: 1 } }],
    [{ a: null }, { a: 0 }, { a: 0 }],
  ])('%j ⇒ %j', (before, now, patch) => {
    expect(mergePatch(before, now)).toEqual(patch);
  });
});

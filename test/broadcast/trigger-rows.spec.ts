import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DataSource, Entity, ManyToOne, OneToMany, PrimaryColumn, type Relation } from 'typeorm';
import { Broadcast } from '../../src/broadcast/broadcast.decorator.js';
import type { Update } from '../../src/update/update.js';
import { query } from '../support/postgres.js';
import { answering, openDatabase, type TestDatabase } from './databases.js';
import { Book, ENTITIES, Note, Oddity, Photo, seenAsDeleted, TRIGGERED } from './trigger/entities.js';
import { migrate, startTriggerApp, type TriggerApp } from './trigger/trigger-app.js';

const there = await answering('test/broadcast/trigger-rows');

@Broadcast({ by: 'trigger', relations: ['shelves'] })
@Entity()
class Room {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @OneToMany('Shelf', 'room')
  shelves!: Relation<Shelf>[];
}

@Broadcast({ by: 'trigger', topic: '/rooms/{room.id}/shelves/{id}', touch: ['room'] })
@Entity()
class Shelf {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @ManyToOne(() => Room, 'shelves', { onDelete: 'CASCADE' })
  room!: Relation<Room>;
}

const ALL = [...ENTITIES, Room, Shelf];

describe.skipIf(!there.has('PostgreSQL'))('rows that triggers tell', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let app: TriggerApp;
  let schema: string;

  beforeAll(async () => {
    database = await openDatabase('PostgreSQL', 'trigger_rows', ALL);
    ({ dataSource } = database);
    ({ schema } = dataSource.options as { schema: string });
    await migrate(dataSource, 'up', [...TRIGGERED, Room, Shelf]);
  });
  afterAll(() => database?.drop());
  beforeEach(async () => {
    await database.empty();
    await dataSource.query(`TRUNCATE ${schema}.mercure_changes`);
    app = await startTriggerApp(dataSource);
  });
  afterEach(() => app?.close());

  const raw = (sql: string) => dataSource.query(sql.replaceAll('$', `${schema}.`));
  const told = async (): Promise<Update[]> => {
    await app.broadcaster.flush();
    return app.accepted.splice(0);
  };
  const lines = async () =>
    (await told()).map(({ topics, data, private: isPrivate }) => {
      const path = topics[0]!.replace('https://example.com', '');
      return `${isPrivate ? 'private' : 'public'} ${path} ${data}`;
    });

  it('keeps columns of select: false out of the queue and of updates', async () => {
    // The queue as it is before anything is taken out of it.
    await app.broadcaster.close();
    await dataSource.manager.save(Book, { title: 'a', secret: 'hush' });
    await raw(`UPDATE $book SET title = 'b', secret = 'hush, hush'`);
    await raw(`UPDATE $book SET secret = 'hush again'`);
    await raw(`DELETE FROM $book`);
    const [queue] = await dataSource.query<[{ text: string; rows: string }]>(
      `SELECT count(*) AS rows, json_agg(q)::text AS text FROM ${schema}.mercure_changes q`,
    );
    expect(Number(queue.rows)).toBe(3);
    expect(queue.text).toContain('"title": "a"');
    expect(queue.text).not.toMatch(/hush|secret/);
    await app.close();
    app = await startTriggerApp(dataSource);
    expect(JSON.stringify(await told())).not.toMatch(/hush|secret/);
  });

  it('tells a delete with the privacy and the topics that the row had', async () => {
    await dataSource.manager.insert(Note, { slug: 'a', owner: 'ann' });
    await dataSource.manager.insert(Note, { slug: 'b', owner: 'bob', open: true });
    await told();
    await raw(`DELETE FROM $"Odd Notes"`);
    expect(await lines()).toEqual([
      'private /owners/ann/notes/a {"@id":"https://example.com/owners/ann/notes/a","@type":"Note","slug":"a","deleted":true}',
      'public /owners/bob/notes/b {"@id":"https://example.com/owners/bob/notes/b","@type":"Note","slug":"b","deleted":true}',
    ]);
  });

  it('tells a row that moves to those it leaves and to those it comes to, and one that is hidden to those who saw it', async () => {
    await dataSource.manager.insert(Note, { slug: 'a', owner: 'ann', open: true });
    await told();
    await raw(`UPDATE $"Odd Notes" SET owner = 'bob'`);
    await raw(`UPDATE $"Odd Notes" SET open = false`);
    expect(await lines()).toEqual([
      'public /owners/ann/notes/a {"@id":"https://example.com/owners/ann/notes/a","@type":"Note","slug":"a","deleted":true}',
      'public /owners/bob/notes/a {"slug":"a","owner":"bob","open":true,"text":null,"colour":null}',
      'public /owners/bob/notes/a {"@id":"https://example.com/owners/bob/notes/a","@type":"Note","slug":"a","deleted":true}',
      'private /owners/bob/notes/a {"slug":"a","owner":"bob","open":false,"text":null,"colour":null}',
    ]);
  });

  it('makes merge patches against the row before the transaction', async () => {
    await dataSource.manager.insert(Note, { slug: 'a', owner: 'ann', text: 'x', colour: 'red' });
    await told();
    await dataSource.transaction(async (manager) => {
      await manager.update(Note, { slug: 'a' }, { text: 'y' });
      await manager.update(Note, { slug: 'a' }, { text: 'x', colour: 'blue' });
    });
    expect(await lines()).toEqual(['private /owners/ann/notes/a {"slug":"a","colour":"blue"}']);
  });

  it('gives functions a row as it was with the values that TypeORM reads', async () => {
    const row = {
      id: '9007199254740993',
      at: new Date('2026-01-02T03:04:05.678Z'),
      day: '2026-01-02',
      price: '12345678901234567890.123',
      bytes: Buffer.from([0, 1, 255]),
      json: { a: [1, null, 'ü"\\'] },
      jsonb: 'text',
      numbers: [3, 1],
      words: ['a', 'b'],
      ratio: 0.1 + 0.2,
      span: { hours: 1, minutes: 30 },
      wrapped: "it's",
    };
    await dataSource.manager.insert(Oddity, row);
    const read = await dataSource.manager.findOneByOrFail(Oddity, { id: row.id });
    expect(read).toMatchObject({ id: row.id, at: row.at, bytes: row.bytes, wrapped: row.wrapped });
    seenAsDeleted.length = 0;
    await raw(`SET TIME ZONE 'Asia/Tokyo'; SET DateStyle = 'German'; DELETE FROM $oddity; RESET ALL`);
    expect((await lines()).at(-1)).toContain('/oddities/9007199254740993');
    expect(seenAsDeleted).toEqual([read]);
    expect(seenAsDeleted[0]).toBeInstanceOf(Oddity);
  });

  it('knows children of single-table inheritance by their own columns', async () => {
    await dataSource.manager.save(Photo, { title: 'a', size: 'xl' });
    await raw(`UPDATE $content SET size = 's'`);
    expect((await told()).map(({ data }) => data)).toEqual([
      '{"id":1,"title":"a","size":"xl"}',
      '{"id":1,"title":"a","size":"s"}',
    ]);
  });

  it('tells the rows that a row touches, and the keys of what they are linked to', async () => {
    await raw(`INSERT INTO $room VALUES (1), (2)`);
    await raw(`INSERT INTO $shelf VALUES (5, 1)`);
    await told();
    await raw(`UPDATE $shelf SET "roomId" = 2`);
    expect(await lines()).toEqual([
      'public /rooms/1/shelves/5 {"@id":"https://example.com/rooms/1/shelves/5","@type":"Shelf","id":5,"deleted":true}',
      'public /rooms/2/shelves/5 {"id":5}',
      'public /rooms/1 {"id":1,"shelves":[]}',
      'public /rooms/2 {"id":2,"shelves":[{"id":5}]}',
    ]);
    await raw(`DELETE FROM $room WHERE id = 2`);
    expect(await lines()).toEqual([
      'public /rooms/2 {"@id":"https://example.com/rooms/2","@type":"Room","id":2,"deleted":true}',
      'public /rooms/2/shelves/5 {"@id":"https://example.com/rooms/2/shelves/5","@type":"Shelf","id":5,"deleted":true}',
    ]);
  });

  it('tells a row as its transaction left it, though others are committed while it is read', async () => {
    await dataSource.manager.save(Book, { title: 'a' });
    await told();
    const between = [`UPDATE ${schema}.book SET title = 'c'`, `DELETE FROM ${schema}.book`];
    dataSource.subscribers.push({
      async beforeQuery({ query: statement }) {
        if (!statement.startsWith('SAVEPOINT mercure_broadcast')) return;
        for (const each of between.splice(0)) await query(each);
      },
    });
    await query(`UPDATE ${schema}.book SET title = 'b'`);
    const updates = [...(await told()), ...(await told())];
    expect(between).toEqual([]);
    expect(updates.map(({ data }) => (JSON.parse(data) as { title?: string }).title)).toEqual([
      'b',
      'c',
      undefined,
    ]);
  });

  it('leaves a write alone when a column that it took is dropped', async () => {
    await app.broadcaster.close();
    await dataSource.manager.insert(Note, { slug: 'a', owner: 'ann' });
    await raw(`ALTER TABLE $"Odd Notes" DROP COLUMN colour`);
    try {
      await raw(`UPDATE $"Odd Notes" SET owner = 'bob'`);
      await raw(`DELETE FROM $"Odd Notes"`);
    } finally {
      await raw(`ALTER TABLE $"Odd Notes" ADD COLUMN colour varchar`);
    }
    await app.close();
    app = await startTriggerApp(dataSource);
    expect((await lines()).map((line) => line.split(' {')[0])).toEqual([
      'private /owners/ann/notes/a',
      'private /owners/ann/notes/a',
      'private /owners/bob/notes/a',
      'private /owners/bob/notes/a',
    ]);
  });

  it('does not tell what is suppressed in a transaction, raw SQL among it, and says whose the rest is', async () => {
    const { scope } = app.broadcaster;
    await dataSource.transaction(async (manager) => {
      await manager.save(Book, { title: 'a' });
      await scope.suppress(async () => {
        await manager.save(Book, { title: 'b' });
        await manager.query(`INSERT INTO ${schema}.book (title) VALUES ('c')`);
      });
      await scope.originate('me', () => manager.query(`INSERT INTO ${schema}.book (title) VALUES ('d')`));
      await manager
        .transaction((inner) =>
          scope.suppress(async () => {
            await inner.save(Book, { title: 'e' });
            throw new Error('no');
          }),
        )
        .catch(() => undefined);
      // What was set in a savepoint went with it.
      await scope.suppress(() => manager.save(Book, { title: 'x' }));
      await manager.save(Book, { title: 'f' });
    });
    await dataSource.manager.save(Book, { title: 'g' });
    const data = (await told()).map(
      (update) => JSON.parse(update.data) as { title: string; originator?: string },
    );
    expect(data.map(({ title, originator }) => [title, originator])).toEqual([
      ['a', undefined],
      ['d', 'me'],
      ['f', undefined],
      ['g', undefined],
    ]);
  });
});

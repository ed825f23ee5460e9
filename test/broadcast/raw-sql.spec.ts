import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  Column,
  Entity,
  type EntityManager,
  PrimaryGeneratedColumn,
  Tree,
  TreeChildren,
  TreeParent,
} from 'typeorm';
import { Broadcast } from '../../src/broadcast/broadcast.decorator.js';
import type { BulkMode } from '../../src/broadcast/broadcast-options.js';
import { type RawWrite, rawWritesIn } from '../../src/broadcast/raw-statement.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import {
  answering,
  type DatabaseName,
  DATABASES,
  openDatabase,
  schemaOf,
  type TestDatabase,
} from './databases.js';
import { Content, Photo, Visit } from './entities.js';
import { PUBLIC_URL, recordingBroadcaster } from './recording.js';

const there = await answering('test/broadcast/raw-sql');

@Broadcast({ collection: true })
@Entity('raw_room')
class Room {
  @PrimaryGeneratedColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar', length: 40 })
  name!: string;
}

@Broadcast()
@Entity('raw_folder')
@Tree('nested-set')
class Folder {
  @PrimaryGeneratedColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar', length: 40 })
  name!: string;

  @TreeParent()
  parent!: Folder | null;

  @TreeChildren()
  children!: Folder[];
}

const WARNED = 'raw SQL changed its table, which is not told to followers';

interface Statement {
  readonly sql: string;
  /** What is warned about. Default: nothing. */
  readonly warned?: string;
  readonly on?: readonly DatabaseName[];
}

const STATEMENTS: readonly Statement[] = [
  { sql: "INSERT INTO raw_room (name) VALUES ('x')", warned: '"Room" (create)' },
  { sql: 'insert into raw_room(name) select name from raw_room', warned: '"Room" (create)' },
  { sql: "UPDATE raw_room SET name = 'x'", warned: '"Room" (update)' },
  { sql: "  -- why\n /* and how */ update raw_room set name = 'x' where id = 1;", warned: '"Room" (update)' },
  { sql: 'DELETE FROM raw_room WHERE id = 1', warned: '"Room" (delete)' },
  { sql: "UPDATE content SET title = 'x'", warned: '"Content" (update)' },
  {
    sql: "REPLACE INTO raw_room (id, name) VALUES (1, 'x')",
    warned: '"Room" (update)',
    on: ['SQLite', 'MariaDB'],
  },
  {
    sql: "INSERT IGNORE INTO `raw_room` (id, name) VALUES (1, 'x')",
    warned: '"Room" (create)',
    on: ['MariaDB'],
  },
  {
    sql: 'INSERT OR IGNORE INTO "raw_room" (id, name) VALUES (1, \'x\')',
    warned: '"Room" (create)',
    on: ['SQLite'],
  },
  { sql: 'UPDATE ONLY "raw_room" AS r SET name = \'x\'', warned: '"Room" (update)', on: ['PostgreSQL'] },
  {
    sql: 'WITH gone AS (DELETE FROM raw_room WHERE id = 1 RETURNING *) SELECT * FROM gone',
    warned: '"Room" (delete)',
    on: ['PostgreSQL'],
  },
  {
    sql: "WITH few AS (SELECT 1 AS id) UPDATE raw_room SET name = 'x' WHERE id IN (SELECT id FROM few)",
    warned: '"Room" (update)',
    on: ['SQLite', 'PostgreSQL'],
  },
  {
    sql: "MERGE INTO raw_room r USING (SELECT 1 AS id) s ON r.id = s.id WHEN MATCHED THEN UPDATE SET name = 'x'",
    warned: '"Room" (update)',
    on: ['PostgreSQL'],
  },
  { sql: 'SELECT * FROM raw_room' },
  { sql: "SELECT 'DELETE FROM raw_room' AS text" },
  { sql: "WITH few AS (SELECT 'DELETE FROM raw_room' AS id) SELECT * FROM few" },
  { sql: 'WITH few AS (SELECT 1) SELECT * FROM raw_room FOR UPDATE', on: ['PostgreSQL', 'MariaDB'] },
  { sql: "INSERT INTO visit (page) VALUES ('raw_room')" },
  { sql: "UPDATE visit SET page = 'UPDATE raw_room SET name = 1'" },
];

describe.each(DATABASES)('raw SQL on %s', (name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;
    let manager: EntityManager;
    let recording: ReturnType<typeof recordingBroadcaster>;

    beforeAll(async () => {
      database = await openDatabase(name, 'raw_sql', [Room, Folder, Content, Photo, Visit]);
      ({ manager } = database.dataSource);
    });
    afterAll(() => database?.drop());
    beforeEach(async () => {
      database.dataSource.subscribers.length = 0;
      await database.empty();
      await manager.insert(Room, [{ name: 'a' }, { name: 'b' }]);
      follow();
    });

    function follow(options: Parameters<typeof recordingBroadcaster>[0] = {}): void {
      database.dataSource.subscribers.length = 0;
      recording = recordingBroadcaster(options);
      recording.broadcaster.attach(database.dataSource);
    }

    /** PostgreSQL's tables are in a schema of the test file's own. */
    function at(sql: string): string {
      if (name !== 'PostgreSQL') return sql;
      return sql.replaceAll(/"?\b(raw_room|content|visit)\b"?/g, `${schemaOf('raw_sql')}."$1"`);
    }

    const query = (sql: string): Promise<unknown> => manager.query(at(sql));

    async function lines(): Promise<readonly string[]> {
      await recording.broadcaster.flush();
      return recording.logger.lines;
    }

    for (const { sql, warned, on = [name] } of STATEMENTS) {
      if (!on.includes(name)) continue;
      it(`${sql} is ${warned ? `warned about: ${warned}` : 'left alone'}`, async () => {
        await query(sql);
        const expected = warned ? [expect.stringContaining(`${warned}: ${WARNED}`)] : [];
        expect(await lines()).toEqual(expected);
        expect(recording.publisher.updates).toEqual([]);
      });
    }

    it('is warned about once for an entity and what was done, with what can be done', async () => {
      for (const id of [1, 2, 3]) await query(`UPDATE raw_room SET name = 'x' WHERE id = ${id}`);
      await manager.transaction((tx) => tx.query(at('DELETE FROM raw_room WHERE id = 1')));
      expect(await lines()).toEqual([
        expect.stringMatching(/^warn .*\(update\).*publish by hand.*triggers.*suppress.*rawSql: 'ignore'/),
        expect.stringMatching(/^warn .*\(delete\)/),
      ]);
    });

    it('that fails is not', async () => {
      await expect(query('UPDATE raw_room SET nothing = 1')).rejects.toThrow(/nothing/);
      expect(await lines()).toEqual([]);
    });

    it('in suppress(), or while nothing is told, is not', async () => {
      const { scope } = recording.broadcaster;
      await scope.suppress(() => query("UPDATE raw_room SET name = 'x'"));
      await scope.suppress(() => manager.clear(Room));
      scope.enabled = false;
      await query("UPDATE raw_room SET name = 'x'");
      expect(await lines()).toEqual([]);
    });

    it('is not where that is said, nor in production', async () => {
      follow({ rawSql: 'ignore' });
      await query("UPDATE raw_room SET name = 'x'");
      expect(await lines()).toEqual([]);
      vi.stubEnv('NODE_ENV', 'production');
      try {
        follow();
      } finally {
        vi.unstubAllEnvs();
      }
      await query("UPDATE raw_room SET name = 'x'");
      expect(await lines()).toEqual([]);
    });

    it('is not what TypeORM sends by itself', async () => {
      const room = await manager.save(Room, { name: 'c' });
      await manager.save(Room, { id: room.id, name: 'd' });
      await manager.remove(await manager.findOneByOrFail(Room, { id: room.id }));
      await manager.insert(Room, { name: 'e' });
      await manager.upsert(Room, { id: 1, name: 'f' }, ['id']);
      await manager.save(Photo, { title: 'p' });
      const root = await manager.save(Folder, { name: 'root' });
      const inner = await manager.save(Folder, { name: 'in', parent: root });
      await manager.save(Folder, Object.assign(inner, { name: 'within' }));
      follow({ bulk: 'ignore' });
      await manager.update(Room, 1, { name: 'g' });
      await manager.increment(Room, { name: 'g' }, 'id', 100);
      await manager.createQueryBuilder().delete().from(Room).execute();
      await manager.transaction((tx) => tx.save(Room, [{ name: 'h' }, { name: 'i' }]));
      expect(await lines()).toEqual([]);
    });

    it('beside what TypeORM sends is warned about', async () => {
      const written = manager.save(Room, { name: 'c' });
      await query("UPDATE raw_room SET name = 'x' WHERE id = 1");
      await written;
      expect(await lines()).toEqual([expect.stringContaining('"Room" (update)')]);
    });

    describe.each<{ bulk: BulkMode; told: number; warned: number }>([
      { bulk: 'warn', told: 0, warned: 1 },
      { bulk: 'ignore', told: 0, warned: 0 },
      { bulk: 'collection', told: 1, warned: 0 },
      { bulk: 'ids', told: 1, warned: 0 },
    ])('that empties a table, under bulk: $bulk', ({ bulk, told, warned }) => {
      it.each(['clear()', 'by hand'])('is told as that says: %s', async (how) => {
        follow({ bulk, rawSql: 'ignore' });
        const byHand = name === 'SQLite' ? 'delete from raw_room;' : 'TRUNCATE raw_room';
        await (how === 'clear()' ? manager.clear(Room) : query(byHand));
        const warning = '"Room" (delete): a write did not say which rows it changed';
        expect(await lines()).toEqual(warned ? [expect.stringContaining(warning)] : []);
        expect(recording.publisher.updates).toHaveLength(told);
        for (const update of recording.publisher.updates) {
          expect(update).toMatchObject({
            topic: [`${PUBLIC_URL}/rooms`],
            data: expect.stringContaining('"bulk":"delete"') as string,
          });
        }
      });
    });

    it('that empties a table and is rolled back tells nothing', async () => {
      // MySQL and MariaDB commit before and after a TRUNCATE: there it is not rolled back.
      const isThere = name !== 'MariaDB';
      follow({ bulk: 'collection' });
      const undone = manager.transaction(async (tx) => {
        await tx.clear(Room);
        throw new Error('no');
      });
      await expect(undone).rejects.toThrow('no');
      expect(await lines()).toEqual([]);
      expect(await manager.count(Room)).toBe(isThere ? 2 : 0);
      expect(recording.publisher.updates).toHaveLength(isThere ? 0 : 1);
    });
  });
});

describe('reading raw SQL', () => {
  const write = (operation: RawWrite['operation'], table: string, isWhole = false): RawWrite => ({
    operation,
    table: table.split('.'),
    isWhole,
  });

  it.each<[string, readonly RawWrite[]]>([
    [
      'TRUNCATE TABLE a, "b" , c.d RESTART IDENTITY',
      [write('delete', 'a', true), write('delete', 'b', true), write('delete', 'c.d', true)],
    ],
    ['DELETE FROM "x"."y"', [write('delete', 'x.y', true)]],
    ['DELETE FROM a WHERE 1 = 1', [write('delete', 'a')]],
    ['UPDATE "a""b" SET c = 1', [write('update', 'a"b')]],
    ['UPDATE [dbo].[a] SET c = 1', [write('update', 'dbo.a')]],
    ["DELETE FROM a WHERE b = 'it''s; DELETE FROM c'", [write('delete', 'a')]],
    ['/* UPDATE b */ UPDATE a SET c = 1 -- ; DELETE FROM d', [write('update', 'a')]],
    ['UPDATE a SET b = 1; DELETE FROM c', [write('update', 'a'), write('delete', 'c', true)]],
    ['INSERT INTO a VALUES (1) ON CONFLICT DO UPDATE SET b = 1', [write('create', 'a')]],
    [
      'WITH x AS (INSERT INTO a VALUES (1) RETURNING *), y AS (UPDATE b SET c = 1) DELETE FROM d',
      [write('create', 'a'), write('update', 'b'), write('delete', 'd')],
    ],
    ['WITH x AS (SELECT 1) SELECT * FROM a FOR NO KEY UPDATE OF a', []],
    ['WITH x AS (SELECT $tag$ DELETE FROM a $tag$) SELECT 1', []],
    ['SELECT 1', []],
    ['EXPLAIN DELETE FROM a', []],
    ['CREATE TABLE a AS SELECT 1', []],
    ['', []],
  ])('%s', (sql, writes) => {
    expect(rawWritesIn(sql)).toEqual(writes);
  });

  it('takes no longer for what is long or broken', () => {
    const shapes = [
      `INSERT INTO a VALUES ${"('x'),".repeat(200_000)}('y')`,
      `WITH ${"'".repeat(1_000_001)}`,
      `WITH ${'/*'.repeat(500_000)}`,
      `WITH ${'"a". '.repeat(200_000)}`,
      `UPDATE ${'IGNORE '.repeat(150_000)}`,
      `UPDATE ${' '.repeat(1_000_000)}`,
      `WITH ${'$a$ $b$'.repeat(150_000)}`,
      `${' '.repeat(1_000_000)}SELECT`,
      `TRUNCATE ${'a,'.repeat(500_000)}`,
    ];
    for (const sql of shapes) {
      const start = performance.now();
      rawWritesIn(sql);
      // A hang guard: 1 ms was measured.
      expect(performance.now() - start).toBeLessThan(1_000);
    }
  });

  it('is refused under another name at the start', () => {
    const broadcast = { rawSql: 'throw' } as never;
    expect(() => resolveOptions({ anonymous: true, broadcast })).toThrow(/"rawSql" warn or ignore/);
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  Column,
  DataSource,
  type DataSourceOptions,
  Entity,
  ManyToOne,
  PrimaryColumn,
  type Relation,
} from 'typeorm';
import { Broadcast } from '../../src/broadcast/broadcast.decorator.js';
import { MercureError } from '../../src/errors.js';
import { canStartPgbouncer, startPgbouncer } from '../support/pgbouncer.js';
import { eventually } from '../support/eventually.js';
import { POSTGRES_URL, query } from '../support/postgres.js';
import { answering, openDatabase, type TestDatabase } from './databases.js';
import { Book, ENTITIES, Note, OrderLine, Tag, TRIGGERED } from './trigger/entities.js';
import {
  another,
  migrate,
  startTriggerApp,
  type TriggerApp,
  type TriggerAppOptions,
} from './trigger/trigger-app.js';

const there = await answering('test/broadcast/trigger-start');
const pooler = there.has('PostgreSQL') && (await canStartPgbouncer('test/broadcast/trigger-start'));

@Broadcast({ by: 'trigger' })
@Broadcast({ topic: '/others/{id}' })
@Entity()
class Torn {
  @PrimaryColumn({ type: 'int' })
  id!: number;
}

@Broadcast({ by: 'triggers' as 'trigger' })
@Entity()
class Misspelled {
  @PrimaryColumn({ type: 'int' })
  id!: number;
}

@Broadcast()
@Entity()
class Shelf {
  @PrimaryColumn({ type: 'int' })
  id!: number;
}

@Broadcast({ by: 'trigger', touch: ['shelf'] })
@Entity()
class Box {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @ManyToOne(() => Shelf)
  shelf!: Relation<Shelf>;
}

@Broadcast({ by: 'trigger', windowMs: 100 })
@Entity()
class Slow {
  @PrimaryColumn({ type: 'int' })
  id!: number;
}

@Broadcast({ by: 'trigger' })
@Entity()
class PlainRow {
  @PrimaryColumn({ type: 'int' })
  id!: number;
}

/** The same table as `Note`, with a column more that followers see. */
@Broadcast({ by: 'trigger' })
@Entity({ name: 'Odd Notes' })
class NoteOfTomorrow extends Note {
  @Column({ type: 'varchar', nullable: true })
  tomorrow!: string | null;
}

/** What an application that does not start says. */
async function refusal(dataSource: DataSource, options?: TriggerAppOptions): Promise<string> {
  const error = await startTriggerApp(dataSource, options).then(
    async (app) => {
      await app.close();
      return undefined;
    },
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(MercureError);
  const { code, message, remedy } = error as MercureError;
  expect(message).toContain(remedy);
  return `${code} ${message}`;
}

const LEFT = `
  SELECT c.relname::text AS name FROM pg_class c WHERE c.relnamespace = $1::regnamespace AND c.relname LIKE 'mercure%'
  UNION ALL SELECT p.proname::text FROM pg_proc p WHERE p.pronamespace = $1::regnamespace
  UNION ALL SELECT t.tgname::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = $1::regnamespace AND NOT t.tgisinternal`;

describe.skipIf(!there.has('PostgreSQL'))('triggers', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let app: TriggerApp | undefined;
  let schema: string;

  beforeAll(async () => {
    database = await openDatabase('PostgreSQL', 'trigger_start', ENTITIES);
    ({ dataSource } = database);
    ({ schema } = dataSource.options as { schema: string });
  });
  afterAll(() => database?.drop());
  afterEach(async () => {
    await app?.close();
    app = undefined;
    dataSource.subscribers.length = 0;
    await migrate(dataSource, 'down', TRIGGERED);
  });

  const left = async () =>
    (await dataSource.query<{ name: string }[]>(LEFT, [schema])).map(({ name }) => name).toSorted();

  it('are made once by a migration that is run twice, and leave nothing behind when it is undone', async () => {
    expect(await left()).toEqual([]);
    await migrate(dataSource, 'up', TRIGGERED);
    const made = await left();
    expect(made).toContain('mercure_changes');
    // Six tables, and that of the links between books and tags.
    expect(made.filter((name) => name === 'mercure_row')).toHaveLength(7);
    await migrate(dataSource, 'up', TRIGGERED);
    expect(await left()).toEqual(made);
    await migrate(dataSource, 'down', [Note]);
    expect(await left()).toContain('mercure_changes');
    await migrate(dataSource, 'down', TRIGGERED);
    expect(await left()).toEqual([]);
    await migrate(dataSource, 'down', TRIGGERED);
  });

  it('may have names of another prefix, and two hubs then each hear of everything', async () => {
    await migrate(dataSource, 'up', TRIGGERED);
    await migrate(dataSource, 'up', TRIGGERED, { prefix: 'other_' });
    const second = await another(database.options);
    const other = await startTriggerApp(second, { prefix: 'other_' });
    app = await startTriggerApp(dataSource);
    try {
      await dataSource.manager.insert(Book, { title: 'a' });
      expect(await app.told()).toEqual(['/books/1 a']);
      expect(await other.told()).toEqual(['/books/1 a']);
    } finally {
      await other.close();
      await second.destroy();
      await migrate(dataSource, 'down', TRIGGERED, { prefix: 'other_' });
    }
  });

  it('tell what a role wrote that is granted the table alone, and no role may run them for itself', async () => {
    const role = `broadcast_writer_${process.pid}`;
    await migrate(dataSource, 'up', TRIGGERED);
    await query(
      `CREATE ROLE ${role}`,
      `GRANT USAGE ON SCHEMA ${schema} TO ${role}`,
      `GRANT INSERT ON ${schema}.order_line TO ${role}`,
    );
    try {
      app = await startTriggerApp(dataSource);
      await query(`SET ROLE ${role}`, `INSERT INTO ${schema}.order_line VALUES (1, 1, 1)`);
      expect(await app.told()).toEqual(['/order-lines/1,1']);
      await expect(query(`SET ROLE ${role}`, `SELECT * FROM ${schema}.mercure_changes`)).rejects.toThrow(
        /permission denied/,
      );
      const [{ may }] = await dataSource.query<[{ may: boolean }]>(
        `SELECT bool_or(has_function_privilege($1, oid, 'EXECUTE')) AS may FROM pg_proc WHERE pronamespace = $2::regnamespace`,
        [role, schema],
      );
      expect(may).toBe(false);
    } finally {
      await query(`DROP OWNED BY ${role}`, `DROP ROLE ${role}`);
    }
  });

  it('are refused where the application may not read and empty what they write, naming the grant', async () => {
    const role = `broadcast_reader_${process.pid}`;
    const grant = `GRANT SELECT, DELETE ON "${schema}"."mercure_changes" TO ${role}`;
    const url = new URL(POSTGRES_URL);
    url.username = role;
    await migrate(dataSource, 'up', TRIGGERED);
    await query(
      `CREATE ROLE ${role} LOGIN`,
      `GRANT USAGE ON SCHEMA ${schema} TO ${role}`,
      `GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${role}`,
      `REVOKE ALL ON ${schema}.mercure_changes FROM ${role}`,
    );
    const granted = await another({ ...database.options, url: url.href } as DataSourceOptions);
    const refused =
      `BROADCAST_INVALID @Broadcast on entity "Book": by "trigger", and the application's role may not read and empty ` +
      `"${schema}"."mercure_changes". Let its owner run ${grant}.`;
    try {
      expect(await refusal(granted)).toBe(refused);
      await query(`GRANT SELECT ON ${schema}.mercure_changes TO ${role}`);
      expect(await refusal(granted)).toBe(refused);
      await query(grant);
      app = await startTriggerApp(granted);
      await dataSource.manager.insert(OrderLine, { orderId: 7, line: 1, amount: 1 });
      expect(await app.told()).toEqual(['/order-lines/7,1']);
    } finally {
      await app?.close();
      app = undefined;
      await granted.destroy();
      await query(`DROP OWNED BY ${role}`, `DROP ROLE ${role}`);
    }
  });

  it('that are not there are refused when the application starts, naming the entity and the migration', async () => {
    expect(await refusal(dataSource)).toBe(
      `BROADCAST_INVALID @Broadcast on entity "Book": by "trigger", and there is no table "${schema}"."mercure_changes". ` +
        'Run new PostgresTriggerBroadcast([Book]).up(queryRunner) in a migration.',
    );
    await migrate(dataSource, 'up', [Book]);
    expect(await refusal(dataSource)).toMatch(/entity "Chapter": by "trigger", and the table .* has none/);
    await migrate(dataSource, 'up', TRIGGERED);
    await dataSource.query(`DROP TRIGGER mercure_row ON ${schema}.book_tags_tag`);
    expect(await refusal(dataSource)).toMatch(
      /entity "Book": by "trigger", and the table .*"book_tags_tag" has none/,
    );
    await migrate(dataSource, 'up', TRIGGERED);
    await dataSource.query(`ALTER TABLE ${schema}.chapter DISABLE TRIGGER mercure_row`);
    expect(await refusal(dataSource)).toMatch(/entity "Chapter": .* are disabled/);
  });

  it('that are of other columns are refused, and are right again after up()', async () => {
    await migrate(dataSource, 'up', TRIGGERED);
    await dataSource.query(`ALTER TABLE ${schema}."Odd Notes" ADD COLUMN tomorrow varchar`);
    const tomorrow = new DataSource({
      ...database.options,
      synchronize: false,
      entities: [NoteOfTomorrow],
    });
    await tomorrow.initialize();
    try {
      expect(await refusal(tomorrow)).toMatch(
        /entity "NoteOfTomorrow": .* are of other columns, or of another version\. Run new PostgresTrigger/,
      );
      await migrate(tomorrow, 'up', [NoteOfTomorrow]);
      const started = await startTriggerApp(tomorrow);
      await started.close();
    } finally {
      await tomorrow.destroy();
      await dataSource.query(`ALTER TABLE ${schema}."Odd Notes" DROP COLUMN tomorrow`);
    }
  });

  it('are looked for when an entity is declared late, and tell it from then on', async () => {
    const later = { by: 'trigger', topic: 'https://example.com/tags/{id}' } as const;
    await migrate(dataSource, 'up', TRIGGERED);
    app = await startTriggerApp(dataSource);
    app.broadcaster.register(Tag, later);
    await eventually('it is refused', () => app!.logger.lines.length > 0);
    expect(app.logger.lines).toEqual([
      expect.stringMatching(
        /^error Broadcast by "trigger": @Broadcast on entity "Tag": .* has none\. Run new/,
      ),
    ]);
    await migrate(dataSource, 'up', [Tag]);
    await dataSource.query(`INSERT INTO ${schema}.tag (name) VALUES ('new')`);
    expect(await app.told()).toEqual(['/tags/1']);
    await migrate(dataSource, 'down', [Tag]);
  });

  it.each([
    ['declarations that differ', [Torn], /"Torn": option "by" differs between its declarations/],
    ['another source', [Misspelled], /"Misspelled": option "by" is not one of its sources/],
    [
      'a touched entity of another source',
      [Box, Shelf],
      /"Box": option "touch" names "shelf", which is told by "events"/,
    ],
    ['a window', [Slow], /"Slow": option "windowMs" .* waits in the database\. Leave it out/],
  ])('refuse %s', async (_, entities, message) => {
    const wrong = new DataSource({ ...database.options, synchronize: false, entities });
    await wrong.initialize();
    try {
      expect(await refusal(wrong)).toMatch(message);
    } finally {
      await wrong.destroy();
    }
  });

  it('are refused on another database', async () => {
    const sqlite = await openDatabase('SQLite', 'trigger_start', [PlainRow]);
    try {
      expect(await refusal(sqlite.dataSource)).toMatch(
        /"PlainRow": by "trigger", and there are none of ours in "better-sqlite3"\. Leave "by" out/,
      );
    } finally {
      await sqlite.drop();
    }
  });

  it.skipIf(!pooler)('are refused behind PgBouncer in transaction mode', async () => {
    await migrate(dataSource, 'up', TRIGGERED);
    const pgbouncer = await startPgbouncer();
    const pooled = await another({ ...database.options, url: pgbouncer.url } as DataSourceOptions);
    try {
      expect(await refusal(pooled)).toMatch(
        /^OPTIONS_INVALID @Broadcast\(\) by "trigger" needs a session of PostgreSQL, and there is a pooler .*direct connection/,
      );
    } finally {
      await pooled.destroy();
      await pgbouncer.stop();
    }
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { outboxEngine } from '../../../src/broadcast/outbox/outbox-sql.js';
import { MercureError } from '../../../src/errors.js';
import { typeOrm } from '../../../src/transport/typeorm/type-orm.js';
import { readMarkdown, snippetsOf } from '../../readme/markdown.js';
import { Libsql } from '../../support/libsql.js';
import { canStartPgbouncer, startPgbouncer } from '../../support/pgbouncer.js';
import { answering, openDatabase, type TestDatabase } from '../databases.js';
import { Book, ENTITIES, Visit } from '../entities.js';
import { type OutboxApp, OUTBOXES, type OutboxKind, startOutboxApp } from './outbox-app.js';

const there = await answering('test/broadcast/outbox/refusals');
const pooler = there.has('PostgreSQL') && (await canStartPgbouncer('test/broadcast/outbox/refusals'));

/** What an application that does not start says. */
async function refusal(starting: Promise<OutboxApp>): Promise<MercureError> {
  const error = await starting.then(
    async (app) => {
      await app.close();
      return undefined;
    },
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(MercureError);
  const { message, remedy } = error as MercureError;
  expect(message).toContain(remedy);
  return error as MercureError;
}

describe.each(OUTBOXES)('an outbox without its table, a %s in %s', (kind, name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;
    let dataSource: DataSource;

    beforeEach(async () => {
      database = await openDatabase(name, `outbox_refusals_${kind}`);
      ({ dataSource } = database);
    });
    afterEach(() => database?.drop());

    const startWithout = (): Promise<OutboxApp> => startOutboxApp(kind, dataSource, { migrate: false });

    it('refuses to start, naming the table and what makes it; its DataSource is none the worse for it', async () => {
      const { message, remedy, code } = await refusal(startWithout());
      expect(code).toBe(kind === 'table' ? 'OPTIONS_INVALID' : 'TRANSPORT_INVALID');
      expect(message).toMatch(kind === 'table' ? /mercure_outbox/ : /mercure_meta/);
      expect(remedy).toMatch(/migrate/);
      dataSource.subscribers.length = 0;
      await dataSource.manager.save(Book, { title: 'a' });
      expect(await dataSource.manager.count(Book)).toBe(1);
    });

    if (kind === 'table')
      it('starts with the table of docs/broadcast.md', async () => {
        const [statement] = snippetsOf(readMarkdown('docs/broadcast.md'))
          .filter(({ language, code }) => language === 'sql' && code.startsWith(`-- ${name}`))
          .map(({ code }) => code);
        const { schema } = dataSource.options as { schema?: string };
        await dataSource.query(
          schema ? statement!.replace('mercure_outbox', `${schema}.mercure_outbox`) : statement!,
        );
        const app = await startWithout();
        try {
          await dataSource.manager.save(Book, { title: 'a' });
          expect(await app.told()).toEqual(['/books/1 a']);
          expect(await app.broadcaster.status()).toMatchObject([{ pending: 0, refused: 0 }]);
        } finally {
          await app.close();
        }
      });
  });
});

describe('an outbox in a database that ends with the process', () => {
  const start = async (kind: OutboxKind, database: string): Promise<MercureError> => {
    const dataSource = await new DataSource({
      type: 'better-sqlite3',
      driver: Libsql,
      database,
      entities: ENTITIES,
      synchronize: true,
    }).initialize();
    try {
      return await refusal(startOutboxApp(kind, dataSource));
    } finally {
      await dataSource.destroy();
    }
  };

  it.each(['table', 'log'] as const)('is refused, a %s', async (kind) => {
    const { code, message } = await start(kind, ':memory:');
    expect(code).toBe(kind === 'table' ? 'OPTIONS_INVALID' : 'TRANSPORT_INVALID');
    expect(message).toMatch(/memory/);
  });

  it.each([
    [{ type: 'better-sqlite3', database: '' }, 'a database in memory'],
    [{ type: 'better-sqlite3', database: 'file::memory:?cache=shared' }, 'a database in memory'],
    [{ type: 'better-sqlite3', database: 'file:books?mode=memory' }, 'a database in memory'],
    [{ type: 'sqljs' }, '"sqljs"'],
    [{ type: 'mssql' }, '"mssql"'],
    [{ type: 'cockroachdb' }, '"cockroachdb"'],
  ])('is refused for %o, saying what it works with', (options, where) => {
    const engine = () => outboxEngine({ options } as unknown as DataSource);
    expect(engine).toThrow(`there is no outbox in ${where}`);
    expect(engine).toThrow(/It works with .*postgres, mysql and mariadb/);
  });
});

describe('"windowMs" with an outbox', () => {
  let database: TestDatabase;
  let app: OutboxApp;

  beforeAll(async () => {
    database = await openDatabase('SQLite', 'outbox_window');
    app = await startOutboxApp('table', database.dataSource);
  });
  afterAll(async () => {
    await app?.close();
    await database?.drop();
  });

  it('is refused, with the entity and what to do', () => {
    const declare = () => app.broadcaster.register(Visit, { topic: '/visits/{id}', windowMs: 1000 });
    expect(declare).toThrow(MercureError);
    expect(declare).toThrow(
      /entity "Visit": option "windowMs" .*outbox.*\. Leave it out, or use the delivery "memory"/i,
    );
    expect(app.broadcaster.resourceOf(Visit)).toBeUndefined();
  });
});

describe.skipIf(!pooler)('an outbox behind PgBouncer in transaction mode', () => {
  let database: TestDatabase;
  let pooled: DataSource;

  beforeAll(async () => {
    database = await openDatabase('PostgreSQL', 'outbox_pooler');
    const pgbouncer = await startPgbouncer();
    pooled = await new DataSource({
      ...database.options,
      url: pgbouncer.url,
      synchronize: false,
    } as DataSourceOptions).initialize();
    return async () => {
      await pooled.destroy();
      await pgbouncer.stop();
    };
  });
  afterAll(() => database?.drop());

  it('that is a table is refused, for its lock would be nobody’s', async () => {
    const { code, message, remedy } = await refusal(startOutboxApp('table', pooled));
    expect(code).toBe('OPTIONS_INVALID');
    expect(message).toMatch(/there is a pooler before it/);
    expect(remedy).toMatch(/direct connection/);
  });

  it('that is a table starts by a direct connection', async () => {
    const app = await startOutboxApp('table', database.dataSource);
    onTestFinished(() => app.close());
    await database.dataSource.manager.save(Book, { title: 'direct' });
    expect(await app.told()).toEqual([expect.stringMatching(/ direct$/)]);
  });

  it('that is a log works, in the order of the commits', async () => {
    const app = await startOutboxApp('log', pooled, {
      transport: typeOrm({ dataSource: pooled, migrate: true }),
    });
    onTestFinished(() => app.close());
    const titles = Array.from({ length: 30 }, (_, index) => `${index}`);
    for (const title of titles) await pooled.manager.save(Book, { title });
    expect((await app.told()).map((line) => line.split(' ')[1])).toEqual(titles);
  });
});

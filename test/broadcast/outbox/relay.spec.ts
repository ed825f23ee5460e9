import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createConnection } from 'mysql2/promise';
import { DataSource } from 'typeorm';
import { MercureError } from '../../../src/errors.js';
import { eventually } from '../../support/eventually.js';
import { mariadbQuery, mariadbUrl } from '../../support/mariadb.js';
import { query } from '../../support/postgres.js';
import { answering, type DatabaseName, DATABASES, openDatabase, type TestDatabase } from '../databases.js';
import { Book } from '../entities.js';
import { type OutboxApp, startOutboxApp } from './outbox-app.js';

const there = await answering('test/broadcast/outbox/relay');

const away = () =>
  new MercureError('TRANSPORT_UNAVAILABLE', 503, 'The transport is away', 'Wait until it is back.');

describe.each(DATABASES)('the relay of an outbox in %s', (name) => {
  describe.skipIf(!there.has(name))('', () => {
    let database: TestDatabase;
    let dataSource: DataSource;
    let app: OutboxApp;

    beforeAll(async () => {
      database = await openDatabase(name, 'outbox_relay');
      ({ dataSource } = database);
    });
    afterAll(() => database?.drop());
    beforeEach(async () => {
      await database.empty();
      app = await startOutboxApp('table', dataSource);
      await table('DELETE FROM $');
    });
    afterEach(() => app?.close());

    const save = (title: string) => dataSource.manager.save(Book, { title });
    const table = <T>(sql: string): Promise<T> => {
      const { schema } = dataSource.options as { schema?: string };
      return dataSource.query<T>(sql.replace('$', schema ? `${schema}.mercure_outbox` : 'mercure_outbox'));
    };
    const status = async () => (await app.broadcaster.status())[0]!;

    it('keeps what is committed while the hub is away, tells that once, and publishes it in order', async () => {
      app.before = () => {
        throw away();
      };
      const titles = Array.from({ length: 150 }, (_, index) => `${index}`);
      for (const title of titles) await save(title);
      expect(await status()).toMatchObject({ pending: 150, refused: 0, leading: true });
      expect((await status()).oldestMs).toBeGreaterThan(0);
      app.before = () => undefined;
      expect((await app.told()).map((line) => line.split(' ')[1])).toEqual(titles);
      expect(await status()).toMatchObject({ pending: 0, oldestMs: 0 });
      expect(app.batches.length, 'many rows at once').toBeLessThan(15);
      expect(app.logger.lines).toEqual([
        expect.stringMatching(/^error The outbox is not published: The transport is away\. It is kept/),
      ]);
    });

    it('publishes once what the hub has taken, though its answer was lost', async () => {
      let answers = 2;
      app.after = () => {
        if (answers-- > 0) throw away();
      };
      await save('a');
      // Together they would be one answer.
      expect(await app.told()).toEqual(['/books/1 a']);
      await save('b');
      expect(await app.told()).toEqual(['/books/1 a', '/books/2 b']);
      expect(answers).toBe(0);
    });

    it('sets aside what the hub refuses, tells it once, and publishes the rest', async () => {
      app.before = (updates) => {
        if (updates.some(({ data }) => data.includes('"bad"')))
          throw new MercureError('ID_CONFLICT', 409, 'The id is taken', 'Use another.');
      };
      await dataSource.transaction(async (manager) => {
        for (const title of ['a', 'bad', 'b']) await manager.save(Book, { title });
      });
      await save('c');
      expect(await app.told()).toEqual(['/books/1 a', '/books/3 b', '/books/4 c']);
      expect(await status()).toMatchObject({ pending: 0, refused: 1, oldestMs: 0 });
      const [row] = await table<{ refused: string; body: string }[]>('SELECT refused, body FROM $');
      expect(row!.refused).toBe('ID_CONFLICT: The id is taken');
      expect(JSON.parse(row!.body)).toEqual([
        expect.objectContaining({ what: 'Broadcast of entity "Book" (create)' }),
      ]);
      expect(app.logger.lines).toEqual([
        expect.stringMatching(
          /^error Broadcast of entity "Book" \(create\): The id is taken\. Use another\. Its row of the outbox is set aside/,
        ),
      ]);
    });

    it('publishes after a restart what waited, and nothing that was published', async () => {
      await save('a');
      await app.told();
      app.before = () => {
        throw away();
      };
      await save('b');
      await eventually('the relay was refused', () => app.logger.lines.length > 0);
      await app.close();
      app = await startOutboxApp('table', dataSource);
      expect(await app.told()).toEqual(['/books/2 b']);
    });

    it('leads alone, and another takes over from a leader that is gone', async () => {
      const other = new DataSource({ ...database.options, synchronize: false, dropSchema: false });
      await other.initialize();
      const second = await startOutboxApp('table', other);
      try {
        await save('a');
        await other.manager.save(Book, { title: 'b' });
        await app.told();
        expect(await status()).toMatchObject({ leading: true });
        expect(await second.broadcaster.status()).toMatchObject([{ leading: false, pending: 0 }]);
        expect(second.batches).toEqual([]);
        await app.broadcaster.close();
        await other.manager.save(Book, { title: 'c' });
        await second.broadcaster.flush();
        expect(second.batches).toEqual([['/books/3 c']]);
        expect(await second.broadcaster.status()).toMatchObject([{ leading: true, pending: 0 }]);
      } finally {
        await second.broadcaster.close();
        await other.destroy();
      }
    });

    // SQLite has no session that a server could end.
    if (name !== 'SQLite')
      it('goes on in a new session when its own is cut, and publishes nothing twice', async () => {
        app.before = () => {
          throw away();
        };
        await save('a');
        await save('b');
        app.before = async () => {
          app.before = () => undefined;
          await cutAll(name, dataSource);
        };
        expect(await app.told()).toEqual(['/books/1 a', '/books/2 b']);
        expect(await status()).toMatchObject({ leading: true, pending: 0 });
      });

    it('is closed with its DataSource, and opened with it again', async () => {
      await save('a');
      expect(await app.told()).toEqual(['/books/1 a']);
      await dataSource.destroy();
      await dataSource.initialize();
      await save('b');
      expect(await app.told()).toEqual(['/books/1 a', '/books/2 b']);
    });
  });
});

/** Ends every connection to the test's own schema or database, as a server does that is restarted. */
async function cutAll(name: DatabaseName, dataSource: DataSource): Promise<void> {
  if (name === 'PostgreSQL') {
    const { schema } = dataSource.options as { schema: string };
    await query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%${schema}%' AND pid <> pg_backend_pid()`,
    );
    return;
  }
  const database = new URL((dataSource.options as { url: string }).url).pathname.slice(1);
  const connection = await createConnection({ uri: mariadbUrl('information_schema') });
  const [processes] = await connection.query('SELECT ID FROM PROCESSLIST WHERE DB = ?', [database]);
  await connection.end();
  await mariadbQuery(...(processes as { ID: number }[]).map(({ ID }) => `KILL ${ID}`));
}

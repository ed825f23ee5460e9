import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventsOf } from '../../support/http-client.js';
import { mariadbAnswers } from '../../support/mariadb.js';
import { postgresAnswers } from '../../support/postgres.js';
import { REDIS_URL, redisAnswers, removeKeys } from '../../support/redis.js';
import { Application, type OutboxTransport } from './application.js';
import { databaseAt, type Engine, makeDatabase, type SharedDatabase } from './database.js';
import { Step } from './rows.js';

const SUITE = 'test/fault/outbox/killed-around-commit';
const [postgres, mariadb, redis] = await Promise.all([
  postgresAnswers(SUITE),
  mariadbAnswers(SUITE),
  redisAnswers(SUITE),
]);
const ENGINES = [
  ['SQLite', true],
  ['PostgreSQL', postgres],
  ['MariaDB', mariadb],
] as const;
/** A hundred times what it takes. */
const HANG_GUARD_MS = 120_000;

interface Told {
  readonly id: string;
  readonly title: string;
}

describe.each(ENGINES)('an application on %s that is killed around a COMMIT', (engine: Engine, there) => {
  describe.skipIf(!there)('', () => {
    let database: SharedDatabase;
    let application: Application;
    let prefix: string;

    beforeEach(async () => {
      database = await makeDatabase(engine, 'killed');
      prefix = `killed-${randomUUID()}`;
    });
    afterEach(async () => {
      await application?.stop();
      await database?.drop();
      if (redis) await removeKeys(REDIS_URL, prefix);
    });

    const start = async (transport: OutboxTransport) => {
      application = new Application(database, transport, prefix);
      await application.start();
      await application.post('write/before');
      await application.post('settle/before');
    };
    const killedAt = async (moment: string) => {
      await expect(application.post(`write/last?die=${moment}`)).rejects.toThrow(
        /ECONNRESET|hang up|aborted/,
      );
      expect(await application.ended()).toBe('SIGKILL');
    };
    /** What the hub tells of the last transaction, when everything that was committed has been told. */
    const toldAfterRestart = async (): Promise<Told[]> => {
      await application.start();
      const stream = await application.follow();
      await application.post('settle/end');
      const text = await stream.body.waitFor('data: "end"\n\n');
      stream.abort();
      return eventsOf(text)
        .map(({ id, data }) => ({ id: id!, title: (JSON.parse(data) as { title?: string }).title ?? '' }))
        .filter(({ title }) => title.startsWith('last'));
    };

    const TRANSPORTS = (['log', 'memory', 'redis'] as const).filter((each) => each !== 'redis' || redis);

    it.each(TRANSPORTS)(
      'between its answer and the dispatch tells the update after the restart, once, with the id that was stored (%s)',
      { timeout: HANG_GUARD_MS },
      async (transport) => {
        await start(transport);
        await killedAt('answered');
        const { rows, updates } = await stored(database, transport);
        expect(rows, 'it was committed').toEqual(['before/1', 'before/2', 'last/1', 'last/2']);
        expect(updates.map(({ title }) => title)).toEqual(['last/1', 'last/2']);
        expect(await toldAfterRestart()).toEqual(updates);
        if (transport !== 'log') expect((await stored(database, transport)).updates).toEqual([]);
      },
    );

    it.each(['log', 'memory'] as const)(
      'before it is sent tells nothing of the transaction (%s)',
      { timeout: HANG_GUARD_MS },
      async (transport) => {
        await start(transport);
        await killedAt('unsent');
        expect(await stored(database, transport)).toEqual({ rows: ['before/1', 'before/2'], updates: [] });
        expect(await toldAfterRestart()).toEqual([]);
      },
    );

    it.runIf(redis)(
      'when the relay has published it, before its row is deleted, publishes nothing again',
      { timeout: HANG_GUARD_MS },
      async () => {
        await start('redis');
        await application.post('write/last?die=published').catch(() => undefined);
        expect(await application.ended()).toBe('SIGKILL');
        const { updates } = await stored(database, 'redis');
        expect(updates, 'the row is still there').toHaveLength(2);
        expect(await toldAfterRestart()).toEqual(updates);
        expect((await stored(database, 'redis')).updates).toEqual([]);
      },
    );
  });
});

/** What the database has: the rows, and of the last transaction the updates that are stored with them. */
async function stored(
  { place, engine }: SharedDatabase,
  transport: OutboxTransport,
): Promise<{ rows: string[]; updates: Told[] }> {
  const dataSource = await new DataSource(databaseAt(place)).initialize();
  try {
    const schema = engine === 'PostgreSQL' ? `${(dataSource.options as { schema: string }).schema}.` : '';
    const steps = await dataSource.manager.find(Step, { order: { id: 'ASC' } });
    const updates = await (transport === 'log'
      ? inLog(dataSource, `${schema}mercure_update`)
      : inTable(dataSource, `${schema}mercure_outbox`));
    return {
      rows: steps.map(({ title }) => title),
      updates: updates.filter(({ title }) => title.startsWith('last')),
    };
  } finally {
    await dataSource.destroy();
  }
}

async function inLog(dataSource: DataSource, table: string): Promise<Told[]> {
  // Bytes are a Buffer, or with libsql an ArrayBuffer.
  const rows = await dataSource.query<{ id: Buffer | string; data: Buffer }[]>(
    `SELECT id, data FROM ${table} ORDER BY position`,
  );
  return rows.map(({ id, data }) => ({ id: String(id), title: titleOf(Buffer.from(data).toString()) }));
}

async function inTable(dataSource: DataSource, table: string): Promise<Told[]> {
  const rows = await dataSource.query<{ body: string }[]>(`SELECT body FROM ${table} ORDER BY position`);
  return rows
    .flatMap(({ body }) => JSON.parse(body) as { update: { id: string; data: string } }[])
    .map(({ update }) => ({ id: update.id, title: titleOf(update.data) }));
}

function titleOf(data: string): string {
  return (JSON.parse(data) as Partial<Step>).title ?? '';
}

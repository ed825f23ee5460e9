import { DataSource, type DataSourceOptions } from 'typeorm';
import { afterEach, describe, expect, it } from 'vitest';
import { MysqlLog } from '../../../src/transport/typeorm/mysql/mysql-log.js';
import { PostgresLog } from '../../../src/transport/typeorm/postgres/postgres-log.js';
import { SqliteLog } from '../../../src/transport/typeorm/sqlite/sqlite-log.js';
import { mariadbAnswers } from '../../support/mariadb.js';
import { postgresAnswers } from '../../support/postgres.js';
import { Node, update } from './support/node.js';
import { mariadbStore, openTransport, postgresStore, sqliteStore } from './support/stores.js';

const STORES = [
  { name: 'SQLite', makeStore: sqliteStore, Log: SqliteLog },
  ...((await postgresAnswers('retained topics on PostgreSQL'))
    ? [{ name: 'PostgreSQL', makeStore: postgresStore, Log: PostgresLog }]
    : []),
  ...((await mariadbAnswers('retained topics on MariaDB'))
    ? [{ name: 'MariaDB', makeStore: mariadbStore, Log: MysqlLog }]
    : []),
];

describe.each(STORES)('the newest update of a topic in $name', ({ makeStore, Log }) => {
  const endings: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).toReversed()) await end();
  });

  it('is found by a node that starts after others stored it and never wrote down what is newest, as a killed one', async () => {
    const store = await makeStore();
    endings.push(() => store.drop());
    const start = async (retains: boolean) => {
      const transport = openTransport(store);
      endings.push(() => transport.close());
      if (retains) transport.retain({ maxTopics: 100 });
      return { transport, node: await Node.start(transport) };
    };
    const first = await start(true);
    await first.transport.append([update('old', { topics: ['a'] }), update('kept', { topics: ['b'] })]);
    await first.node.hasSeen(2);
    await first.transport.close();
    const forgetful = await start(false);
    const many = Array.from({ length: 1200 }, (_, index) => update(`u${index}`, { topics: ['busy', 'c'] }));
    await forgetful.transport.append([...many, update('new', { topics: ['a'] })]);
    await forgetful.node.hasSeen(1201);
    await forgetful.transport.close();
    const { transport, node } = await start(true);
    await transport.append([update('newer', { topics: ['busy'] })]);
    await node.hasSeen(1);
    const latest = await transport.latest(['a', 'b', 'busy', 'c'], node.position);
    expect(latest.map((stored) => stored.update.id)).toEqual(['kept', 'u1199', 'new', 'newer']);
  });

  it('is not replaced by an older one that a node writes late, nor is the table taken for less whole', async () => {
    const store = await makeStore();
    endings.push(() => store.drop());
    const log = new Log({
      connect: () => new DataSource(store.options).initialize(),
      application: () => undefined,
      prefix: 'mercure_',
      migrate: true,
      durability: 'disk',
      timeoutMs: 60_000,
      warn: () => undefined,
    });
    endings.push(() => log.close());
    await log.open();
    const at = (place: bigint, key = 'k') => ({ key, place, body: `"at ${place}"` });
    await log.retained.keep([at(5n)], 7n, 10);
    await log.retained.keep([at(3n), at(4n, 'other')], 4n, 10);
    const found = await log.retained.find(['k', 'other', 'unknown']);
    expect(found.toSorted((one, other) => Number(other.place - one.place))).toEqual([
      at(5n),
      at(4n, 'other'),
    ]);
    expect(await log.retained.wholeUpTo()).toBe(7n);
  });

  it('is not lost where the log would be trimmed before it is written: it holds the log up to twice its bound', async () => {
    const store = await makeStore();
    endings.push(() => store.drop());
    const size = 20;
    const start = async () => {
      const transport = openTransport(store, { size });
      endings.push(() => transport.close());
      transport.retain({ maxTopics: 1000 });
      return { transport, node: await Node.start(transport) };
    };
    // By its URL, which names the schema for statements of one's own as well.
    const own = { ...store.options, url: store.url } as DataSourceOptions;
    const database = await new DataSource(own).initialize();
    endings.push(() => database.destroy());
    const rows = async (): Promise<number> => {
      const [row] = await database.query<[{ count: string }]>('SELECT count(*) AS count FROM mercure_update');
      return Number(row.count);
    };
    const { transport, node } = await start();
    const allow = await refuseWritesTo(database, 'mercure_retained');
    const topics = Array.from({ length: 3 * size }, (_, index) => `t${index}`);
    await transport.append(topics.map((topic) => update(`u of ${topic}`, { topics: [topic] })));
    await node.hasSeen(topics.length);
    await expect.poll(rows, { timeout: 60_000 }).toBeLessThan(topics.length);
    expect(await rows(), 'and no further').toBe(2 * size);
    // What it had not written then, it cannot write now either: as if it had been killed.
    await transport.close();
    await allow();
    const next = await start();
    const latest = await next.transport.latest(topics, next.node.start.position);
    expect(latest.map((stored) => stored.update.topics[0])).toEqual(topics.slice(size));
    await expect.poll(rows, { timeout: 60_000 }).toBe(size);
    expect(await next.transport.latest(topics, next.node.start.position)).toHaveLength(2 * size);
  });
});

/** The store refuses what a table is given, as one does whose rights are wrong; until it is allowed again. */
async function refuseWritesTo(database: DataSource, table: string): Promise<() => Promise<unknown>> {
  const name = 'refuse_writes';
  const on = `BEFORE INSERT ON ${table} FOR EACH ROW`;
  const make: Partial<Record<string, readonly string[]>> = {
    'better-sqlite3': [`CREATE TRIGGER ${name} ${on} BEGIN SELECT RAISE(ABORT, 'refused'); END`],
    mariadb: [`CREATE TRIGGER ${name} ${on} SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'refused'`],
    postgres: [
      `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$`,
      `CREATE TRIGGER ${name} ${on} EXECUTE FUNCTION ${name}()`,
    ],
  };
  const { type } = database.options;
  for (const statement of make[type]!) await database.query(statement);
  return () => database.query(`DROP TRIGGER ${name}${type === 'postgres' ? ` ON ${table}` : ''}`);
}

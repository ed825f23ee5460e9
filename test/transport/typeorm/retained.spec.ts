import { DataSource } from 'typeorm';
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
});

import { DataSource } from 'typeorm';
import { afterEach, describe, expect, it } from 'vitest';
import { MercureTables1764201600000, typeOrm } from '../../../src/typeorm.js';
import { mariadbAnswers } from '../../support/mariadb.js';
import { postgresAnswers } from '../../support/postgres.js';
import { Node, update } from './support/node.js';
import { mariadbStore, postgresStore, sqliteStore, type Store } from './support/stores.js';

const STORES = [
  { name: 'SQLite', makeStore: sqliteStore },
  ...((await postgresAnswers('migrations on PostgreSQL'))
    ? [{ name: 'PostgreSQL', makeStore: postgresStore }]
    : []),
  ...((await mariadbAnswers('migrations on MariaDB')) ? [{ name: 'MariaDB', makeStore: mariadbStore }] : []),
];

class NewsTables1764201600001 extends MercureTables1764201600000 {
  override readonly prefix = 'news_';
}

describe.each(STORES)('tables in $name', ({ makeStore }) => {
  const endings: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).toReversed()) await end();
  });

  async function application(
    on?: Store,
    migrations: (typeof MercureTables1764201600000)[] = [MercureTables1764201600000],
  ): Promise<{ store: Store; dataSource: DataSource }> {
    const store = on ?? (await makeStore());
    if (!on) endings.push(() => store.drop());
    const dataSource = await new DataSource({ ...store.options, migrations }).initialize();
    endings.push(() => dataSource.destroy());
    return { store, dataSource };
  }

  it('are made by the migration, once, under the prefix that is asked for, and the transport runs on them', async () => {
    const { dataSource } = await application(undefined, [
      MercureTables1764201600000,
      NewsTables1764201600001,
    ]);
    await dataSource.runMigrations();
    for (const prefix of [undefined, 'news_']) {
      const transport = typeOrm({ dataSource, prefix });
      endings.push(() => transport.close());
      const node = await Node.start(transport);
      await transport.append([update('a')]);
      await node.hasSeen(1);
      await transport.close();
    }
    expect(await dataSource.runMigrations()).toEqual([]);
  });

  it('that are there already stay as they are under the migration', async () => {
    const { store, dataSource } = await application();
    const transport = typeOrm({ dataSource, migrate: true });
    await Node.start(transport);
    await transport.append([update('kept')]);
    await transport.close();
    const { dataSource: later } = await application(store);
    await later.runMigrations();
    const again = typeOrm({ dataSource: later });
    endings.push(() => again.close());
    const { start } = await Node.start(again);
    expect(start.newest?.id).toBe('kept');
  });

  it('are gone when the migration is reverted, and a hub without them refuses to start, naming the remedy', async () => {
    const { dataSource } = await application();
    await dataSource.runMigrations();
    await dataSource.undoLastMigration();
    await expect(Node.start(typeOrm({ dataSource }))).rejects.toMatchObject({
      code: 'TRANSPORT_INVALID',
      message: expect.stringMatching(
        /not there \(.*mercure_meta.*migrate: true.*MercureTables1764201600000/,
      ) as string,
    });
  });

  it.each([0, 2])('of version %i are refused, whether tables are to be made or not', async (version) => {
    const { store, dataSource } = await application();
    await dataSource.runMigrations();
    const setVersion = (to: number) => dataSource.query(`UPDATE ${meta} SET version = ${to}`);
    const { schema } = store.options as { schema?: string };
    const meta = schema ? `${schema}.mercure_meta` : 'mercure_meta';
    await setVersion(version);
    for (const migrate of [true, false]) {
      await expect(Node.start(typeOrm({ dataSource, migrate }))).rejects.toMatchObject({
        code: 'TRANSPORT_INVALID',
        message: expect.stringMatching(
          new RegExp(`have version ${version}, and this package knows 1\\. Use the version`),
        ) as string,
      });
    }
    await setVersion(1);
    const transport = typeOrm({ dataSource });
    endings.push(() => transport.close());
    await Node.start(transport);
  });
});

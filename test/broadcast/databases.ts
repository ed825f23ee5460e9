import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as typeorm from 'typeorm';
import { DataSource, type DataSourceOptions, type EntityManager } from 'typeorm';
import { Libsql } from '../support/libsql.js';
import { mariadbAnswers, mariadbQuery, mariadbUrl } from '../support/mariadb.js';
import { POSTGRES_URL, postgresAnswers, query } from '../support/postgres.js';
import { ENTITIES } from './entities.js';

/** An empty database of a test file's own. */
export interface TestDatabase {
  readonly dataSource: DataSource;
  /** What a further DataSource on the same database takes. */
  readonly options: DataSourceOptions;
  /** No rows, keys from 1: what `synchronize(true)` gives, which takes half a second on MariaDB. */
  empty(): Promise<void>;
  drop(): Promise<void>;
}

/** MySQL's driver has another way with keys than MariaDB's, on the same server: without RETURNING. */
export type DatabaseName = 'SQLite' | 'PostgreSQL' | 'MariaDB' | 'MySQL';

/** The TypeORM of this run; what it does in another way is a row by version. `getConnection()` was removed in 1.0. */
export const TYPEORM: '0.3' | '1' = 'getConnection' in typeorm ? '0.3' : '1';

/** What a suite runs by; MySQL where the way keys come back matters. */
export const DATABASES: readonly DatabaseName[] =
  TYPEORM === '1' ? ['SQLite', 'PostgreSQL', 'MariaDB'] : ['SQLite', 'PostgreSQL'];

/** Which databases answer; of the others it is said aloud that `suite` is skipped on them. */
export async function answering(suite: string): Promise<ReadonlySet<DatabaseName>> {
  const [postgres, mariadb] = await Promise.all([postgresAnswers(suite), mariadbAnswers(suite)]);
  return new Set<DatabaseName>([
    'SQLite',
    ...(postgres ? ['PostgreSQL' as const] : []),
    ...(mariadb ? ['MariaDB' as const, 'MySQL' as const] : []),
  ]);
}

/** The schema or database of a test file's own: files run side by side, and so may runs. */
export function schemaOf(suite: string): string {
  return `broadcast_${suite}_${process.pid}`;
}

export async function openDatabase(
  name: DatabaseName,
  suite: string,
  entities: DataSourceOptions['entities'] = ENTITIES,
): Promise<TestDatabase> {
  if (name === 'SQLite') return openSqlite(entities);
  return name === 'PostgreSQL' ? openPostgres(suite, entities) : openMariadb(name, suite, entities);
}

async function openSqlite(entities: DataSourceOptions['entities']): Promise<TestDatabase> {
  const directory = await mkdtemp(join(tmpdir(), 'broadcast-'));
  const options: DataSourceOptions = {
    type: 'better-sqlite3',
    driver: Libsql,
    database: join(directory, 'test.db'),
    enableWAL: true,
    entities,
    synchronize: true,
  };
  const dataSource = await new DataSource(options).initialize();
  return {
    dataSource,
    options,
    empty: () => dataSource.synchronize(true),
    async drop() {
      if (dataSource.isInitialized) await dataSource.destroy();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function openPostgres(suite: string, entities: DataSourceOptions['entities']): Promise<TestDatabase> {
  const schema = schemaOf(suite);
  const dropSchema = `DROP SCHEMA IF EXISTS ${schema} CASCADE`;
  await query(dropSchema, `CREATE SCHEMA ${schema}`);
  const options: DataSourceOptions = {
    type: 'postgres',
    url: POSTGRES_URL,
    schema,
    entities,
    synchronize: true,
  };
  const dataSource = await new DataSource(options).initialize();
  return {
    dataSource,
    options,
    empty: () =>
      emptyTables(dataSource, (manager, tables) =>
        manager.query(`TRUNCATE ${tables.join()} RESTART IDENTITY CASCADE`),
      ),
    async drop() {
      if (dataSource.isInitialized) await dataSource.destroy();
      await query(dropSchema);
    },
  };
}

async function openMariadb(
  name: 'MariaDB' | 'MySQL',
  suite: string,
  entities: DataSourceOptions['entities'],
): Promise<TestDatabase> {
  const type = name === 'MariaDB' ? 'mariadb' : 'mysql';
  const schema = schemaOf(suite);
  const dropSchema = `DROP DATABASE IF EXISTS ${schema}`;
  await mariadbQuery(dropSchema, `CREATE DATABASE ${schema}`);
  const options: DataSourceOptions = { type, url: mariadbUrl(schema), entities, synchronize: true };
  const dataSource = await new DataSource(options).initialize();
  return {
    dataSource,
    options,
    empty: () => emptyTables(dataSource, truncateUsed),
    async drop() {
      if (dataSource.isInitialized) await dataSource.destroy();
      await mariadbQuery(dropSchema);
    },
  };
}

type Empties = (manager: EntityManager, tables: readonly string[]) => Promise<unknown>;

/** On one connection, which remembers what is set on it. */
async function emptyTables(dataSource: DataSource, empty: Empties): Promise<void> {
  const runner = dataSource.createQueryRunner();
  const paths = new Set(dataSource.entityMetadatas.map(({ tablePath }) => tablePath));
  const quoted = (path: string) => path.split('.').map((part) => dataSource.driver.escape(part));
  const tables = [...paths].map((path) => quoted(path).join('.'));
  try {
    await empty(runner.manager, tables);
  } finally {
    await runner.release();
  }
}

/** A TRUNCATE makes the table again, at 20 ms and more: only of those that were written to, in vain perhaps. */
async function truncateUsed(manager: EntityManager, tables: readonly string[]): Promise<void> {
  await manager.query('SET FOREIGN_KEY_CHECKS = 0');
  for (const table of tables) {
    const [status] = await manager.query<[{ Auto_increment: number | null }]>(
      `SHOW TABLE STATUS WHERE Name = '${table.replaceAll('`', '')}'`,
    );
    if (status.Auto_increment === null) await manager.query(`DELETE FROM ${table}`);
    else if (status.Auto_increment > 1) await manager.query(`TRUNCATE ${table}`);
  }
  await manager.query('SET FOREIGN_KEY_CHECKS = 1');
}

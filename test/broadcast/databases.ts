import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { POSTGRES_URL, query } from '../support/postgres.js';
import { ENTITIES } from './entities.js';

/** An empty database of a test file's own. */
export interface TestDatabase {
  readonly dataSource: DataSource;
  /** What a further DataSource on the same database takes. */
  readonly options: DataSourceOptions;
  drop(): Promise<void>;
}

export type DatabaseName = 'SQLite' | 'PostgreSQL';

/** @param suite names the schema on PostgreSQL: one for each test file, so that files can run side by side */
export async function openDatabase(
  name: DatabaseName,
  suite: string,
  entities: DataSourceOptions['entities'] = ENTITIES,
): Promise<TestDatabase> {
  return name === 'SQLite' ? openSqlite(entities) : openPostgres(suite, entities);
}

async function openSqlite(entities: DataSourceOptions['entities']): Promise<TestDatabase> {
  const directory = await mkdtemp(join(tmpdir(), 'broadcast-'));
  const options: DataSourceOptions = {
    type: 'better-sqlite3',
    driver: Database,
    database: join(directory, 'test.db'),
    enableWAL: true,
    entities,
    synchronize: true,
  };
  const dataSource = await new DataSource(options).initialize();
  return {
    dataSource,
    options,
    async drop() {
      if (dataSource.isInitialized) await dataSource.destroy();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function openPostgres(suite: string, entities: DataSourceOptions['entities']): Promise<TestDatabase> {
  const schema = `broadcast_${suite}`;
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
    async drop() {
      if (dataSource.isInitialized) await dataSource.destroy();
      await query(dropSchema);
    },
  };
}

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import libsql from 'libsql';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { typeOrm, type TypeOrmTransportOptions } from '../../../../src/typeorm.js';
import type { TypeOrmTransport } from '../../../../src/typeorm.js';
import { mariadbQuery, mariadbUrl } from '../../../support/mariadb.js';
import { POSTGRES_URL, query } from '../../../support/postgres.js';

export type Bounds = Pick<TypeOrmTransportOptions, 'size' | 'ageMs' | 'bytes' | 'durability' | 'leaseMs'>;

/** A database of one suite's own. */
export interface Store {
  /** Settings of a DataSource on it. */
  readonly options: DataSourceOptions;
  /** The same as a URL. */
  readonly url: string;
  drop(): Promise<void>;
}

export function sqliteStore(): Promise<Store> {
  const directory = mkdtempSync(join(tmpdir(), 'mercure-log-'));
  const database = join(directory, 'log.db');
  return Promise.resolve({
    options: { type: 'better-sqlite3', database, driver: libsql },
    url: `sqlite://${database}`,
    drop: () => Promise.resolve(rmSync(directory, { recursive: true })),
  });
}

/** A schema of its own in the server of `POSTGRES_URL`. */
export async function postgresStore(): Promise<Store> {
  const schema = `log_${randomBytes(6).toString('hex')}`;
  await query(`CREATE SCHEMA ${schema}`);
  const url = new URL(POSTGRES_URL);
  url.searchParams.set('options', `-csearch_path=${schema}`);
  return {
    options: { type: 'postgres', url: POSTGRES_URL, schema },
    url: url.href,
    drop: () => query(`DROP SCHEMA ${schema} CASCADE`),
  };
}

/** A database of its own in the server of `MARIADB_URL`. */
export async function mariadbStore(): Promise<Store> {
  const database = `log_${randomBytes(6).toString('hex')}`;
  await mariadbQuery(`CREATE DATABASE ${database}`);
  return {
    options: { type: 'mariadb', url: mariadbUrl(database) },
    url: mariadbUrl(database),
    drop: () => mariadbQuery(`DROP DATABASE ${database}`),
  };
}

/** A node's transport on a store. It makes the tables where they are not there. */
export function openTransport({ options }: Store, bounds: Bounds = {}): TypeOrmTransport {
  return typeOrm({ dataSource: new DataSource(options), migrate: true, ...bounds });
}

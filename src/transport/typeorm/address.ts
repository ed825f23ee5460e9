import { resolve } from 'node:path';
import type { DataSource, DataSourceOptions } from 'typeorm';
import { invalidTransport } from './store-fault.js';

/** The engines that can keep a log. */
export type Engine = 'postgres' | 'mysql' | 'sqlite';

const ENGINES: Readonly<Record<string, Engine>> = {
  postgres: 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
  'better-sqlite3': 'sqlite',
};

/** @throws MercureError TRANSPORT_INVALID where the type of a DataSource cannot keep a log */
export function engineOf({ type }: DataSourceOptions): Engine {
  const engine = ENGINES[type];
  if (engine) return engine;
  throw invalidTransport(
    `A DataSource of type "${type}" cannot keep the updates`,
    `Use PostgreSQL, MySQL, MariaDB or a SQLite file (type "better-sqlite3", with the driver of that name or libsql).`,
  );
}

/** Which database settings name; undefined: it cannot be told. */
export function addressOf(options: DataSourceOptions): string | undefined {
  const { type, url, host, port, database } = options as unknown as Record<string, string | undefined>;
  const engine = ENGINES[type ?? ''];
  if (engine === 'sqlite') return database && JSON.stringify([engine, resolve(database)]);
  if (!engine || 'replication' in options) return undefined;
  const named = url && URL.canParse(url) ? new URL(url) : undefined;
  const address = [
    engine,
    named?.hostname ?? host ?? 'localhost',
    Number(named?.port || port || (engine === 'postgres' ? 5432 : 3306)),
    named ? decodeURIComponent(named.pathname.slice(1)) : database,
  ];
  return address[3] ? JSON.stringify(address) : undefined;
}

/** Told by its shape: several copies of TypeORM may be installed. */
export function isDataSource(value: unknown): value is DataSource {
  return typeof value === 'object' && value !== null && 'options' in value && 'createQueryRunner' in value;
}

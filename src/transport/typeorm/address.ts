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

/** What a URL means as settings of a DataSource. @throws MercureError TRANSPORT_INVALID */
export async function optionsOfUrl(url: string): Promise<DataSourceOptions> {
  const [, scheme] = /^([a-z]+):\/\//.exec(url) ?? [];
  if (scheme === 'sqlite') return sqliteOptions(url.slice('sqlite://'.length));
  if (!URL.canParse(url) || new URL(url).hostname === '') throw wrongUrl();
  if (scheme === 'postgres' || scheme === 'postgresql') return { type: 'postgres', url };
  if (scheme === 'mysql' || scheme === 'mariadb') return { type: scheme, url };
  throw wrongUrl();
}

function wrongUrl(): Error {
  // Without the URL itself: it may hold a password.
  return invalidTransport(
    'The URL of the typeorm transport is none',
    'Give postgres://user:password@host/database, mysql://user:password@host/database, or sqlite:///path/to/file.',
  );
}

async function sqliteOptions(path: string): Promise<DataSourceOptions> {
  if (path === '' || path.includes(':memory:') || path.includes('?')) {
    throw invalidTransport('A log in SQLite needs a file', 'Give sqlite:///path/to/file or sqlite://./file.');
  }
  const database = resolve(decodeURIComponent(path));
  return { type: 'better-sqlite3', database, driver: await importSqlite() };
}

/** libsql is the one that is installed without a compiler; better-sqlite3 has the same interface. */
async function importSqlite(): Promise<unknown> {
  for (const name of ['libsql', 'better-sqlite3']) {
    try {
      const driver = (await import(name)) as { default: unknown };
      return driver.default;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    }
  }
  throw invalidTransport('A log in SQLite needs a driver', 'Run: npm install libsql');
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

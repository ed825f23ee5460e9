import { checkSchemaVersion } from '../schema-version.js';
import { StoreFault, unavailableAtStart } from '../store-fault.js';
import { inTransaction } from './in-transaction.js';
import { type SqliteConnection, type SqliteDriver, sqliteFault } from './sqlite-driver.js';
import { createTables, SCHEMA_VERSION, type SqliteNames } from './sqlite-schema.js';

export interface OpenSqliteOptions {
  readonly migrate: boolean;
  readonly durability: 'process' | 'disk';
}

/** Holds a file for one process. The operating system gives it free when the process ends, however it does. */
export interface FileLock {
  release(): void;
}

/**
 * One hub per log: the lock is a transaction that never ends, on a small file beside, so that the application's
 * connections to the log's own file stay free.
 *
 * @throws MercureError TRANSPORT_UNAVAILABLE where another process has it
 */
export function lockFile(Driver: SqliteDriver, file: string): FileLock {
  let connection: SqliteConnection | undefined;
  try {
    connection = new Driver(file, { timeout: 0 });
    connection.exec('BEGIN EXCLUSIVE');
    return { release: () => void connection!.close() };
  } catch (error) {
    connection?.close();
    const fault = sqliteFault(error);
    if (fault.kind !== 'busy') throw fault;
    throw unavailableAtStart(
      'Another hub has this SQLite file open',
      'One process serves a file: stop the other one, or give each its own; several nodes need PostgreSQL, MySQL or Redis.',
      error,
    );
  }
}

/** Sets a connection up, and checks the tables or makes them. In one transaction, so that it is all or nothing. */
export function prepareSqlite(
  connection: SqliteConnection,
  names: SqliteNames,
  { migrate, durability }: OpenSqliteOptions,
): void {
  connection.pragma(`synchronous = ${durability === 'disk' ? 'FULL' : 'NORMAL'}`);
  // What a burst left behind is given back when it has been taken over into the file.
  connection.pragma(`journal_size_limit = ${64 * 1024 * 1024}`);
  let version = versionOf(connection, names);
  if (version === undefined && migrate) {
    makeTables(connection, names);
    version = versionOf(connection, names);
  }
  checkSchemaVersion(version, SCHEMA_VERSION, names.meta);
}

function makeTables(connection: SqliteConnection, names: SqliteNames): void {
  inTransaction(connection, () => {
    for (const statement of createTables(names)) connection.exec(statement);
  });
}

function versionOf(connection: SqliteConnection, { meta }: SqliteNames): number | undefined {
  const there = connection.prepare(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?`).all(meta);
  if (there.length === 0) return undefined;
  const [row] = connection.prepare(`SELECT version FROM ${meta}`).raw().all() as [[number]?];
  if (!row) throw new StoreFault('away', 'its table of settings is empty');
  return row[0];
}

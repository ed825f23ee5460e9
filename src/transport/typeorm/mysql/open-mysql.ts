import type { Query } from '../line.js';
import { checkSchemaVersion } from '../schema-version.js';
import { invalidTransport, StoreFault, unavailableAtStart } from '../store-fault.js';
import { createTables, type MysqlNames, mysqlNames, SCHEMA_VERSION } from './mysql-schema.js';

/** With window functions, and indexes of long keys. */
const OLDEST = { MySQL: [8, 0], MariaDB: [10, 3] } as const;

export interface OpenedMysql {
  readonly names: MysqlNames;
  /** Whether a statement can be told to read what was committed since its transaction began. */
  readonly hasSnapshotIsolation: boolean;
  readonly isSynced: boolean;
}

/**
 * Checks the server and the tables, and makes these where they are to be made.
 *
 * @throws MercureError TRANSPORT_INVALID, TRANSPORT_UNAVAILABLE
 */
export async function openMysql(
  query: Query,
  { prefix, migrate }: { readonly prefix: string; readonly migrate: boolean },
): Promise<OpenedMysql> {
  const [row] = await query(
    'SELECT VERSION(), DATABASE(), @@global.read_only, @@global.innodb_flush_log_at_trx_commit',
  );
  const [version, database, isReadOnly, flush] = row as [string, string | null, unknown, unknown];
  checkVersion(version);
  if (Number(isReadOnly) !== 0) {
    throw unavailableAtStart('The database server takes no updates (read_only)', 'Name its primary.');
  }
  if (!database) throw invalidTransport('No database is named to make tables in', 'Name one in the URL.');
  const names = mysqlNames(database, prefix);
  await checkTables(query, names, migrate);
  const isolation = await query("SHOW VARIABLES LIKE 'innodb_snapshot_isolation'");
  return { names, hasSnapshotIsolation: isolation.length > 0, isSynced: Number(flush) === 1 };
}

function checkVersion(version: string): void {
  const product = /mariadb/i.test(version) ? 'MariaDB' : 'MySQL';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST[product];
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw invalidTransport(
    `${product} ${major}.${minor} is too old for the typeorm transport`,
    `Use version ${oldestMajor}.${oldestMinor} or newer.`,
  );
}

async function checkTables(query: Query, names: MysqlNames, migrate: boolean): Promise<void> {
  let version = await versionOf(query, names);
  if (version === undefined && migrate) {
    // Several nodes may start at the same time: each finds what the other has made.
    for (const statement of createTables(names)) await query(statement);
    version = await versionOf(query, names);
  }
  checkSchemaVersion(version, SCHEMA_VERSION, names.meta);
}

async function versionOf(query: Query, { database, prefix, meta }: MysqlNames): Promise<number | undefined> {
  const there = await query(
    'SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = ?',
    [database, `${prefix}meta`],
  );
  if (there.length === 0) return undefined;
  const [row] = await query(`SELECT version FROM ${meta}`);
  return row && Number(row[0]);
}

export function emptyMeta(): StoreFault {
  return new StoreFault('away', 'its table of settings is empty');
}

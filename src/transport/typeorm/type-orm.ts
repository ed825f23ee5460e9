import type { DataSource, DataSourceOptions } from 'typeorm';
import type {
  JoinsTransactions,
  ReportsHealth,
  RetainsUpdates,
  SharesPresence,
  StoresOnce,
} from '../abilities.js';
import type { Application, LivesInApplication } from '../application.js';
import type { Transport } from '../transport.js';
import { addressOf, engineOf, isDataSource } from './address.js';
import type { KeptBounds } from './kept.js';
import type { Log } from './log.js';
import { type ResolvedOptions, resolveOptions, type TypeOrmTransportOptions } from './options.js';
import { mysqlFault } from './mysql/mysql-fault.js';
import { MysqlLog } from './mysql/mysql-log.js';
import { initialize, likeDataSource, newDataSource } from './own-data-source.js';
import { postgresFault } from './postgres/postgres-fault.js';
import { PostgresLog } from './postgres/postgres-log.js';
import { SqlTransport, type TypeOrmTransportStats } from './sql-transport.js';
import { sqliteFault } from './sqlite/sqlite-driver.js';
import { SqliteLog } from './sqlite/sqlite-log.js';
import { invalidTransport } from './store-fault.js';

/** A transport that can also be written to by transactions of the application's, and that tells how its store is. */
export type TypeOrmTransport = Transport &
  StoresOnce &
  RetainsUpdates &
  SharesPresence &
  JoinsTransactions &
  ReportsHealth &
  LivesInApplication & { stats(): TypeOrmTransportStats };

/**
 * Keeps the updates in a database that TypeORM connects to: an embedded SQLite file, or PostgreSQL, MySQL or
 * MariaDB, where any number of nodes are one hub.
 *
 * @throws MercureError OPTIONS_INVALID
 */
export function typeOrm(options: TypeOrmTransportOptions): TypeOrmTransport {
  return new SqlTransport(new Settings(resolveOptions(options)));
}

/** The options as far as they are known: a Nest token means something only in its application. */
class Settings {
  readonly durability: 'disk' | 'process';
  readonly needsProviders: boolean;
  readonly bounds: KeptBounds;
  readonly leaseMs: number;
  /** The application's DataSource in whose database the log lies. */
  private joined: DataSource | undefined;
  private address: string | undefined;

  constructor(private readonly options: ResolvedOptions) {
    const { dataSource, source, durability } = options;
    this.durability = durability;
    this.leaseMs = options.leaseMs;
    this.bounds = { count: options.size, bytes: options.bytes, ageMs: options.ageMs };
    this.needsProviders = dataSource !== undefined && !isDataSource(dataSource);
    if (isDataSource(dataSource)) this.joined = dataSource;
    this.address = source && addressOf(source);
  }

  joins(dataSource: object): boolean {
    if (this.joined) return dataSource === this.joined;
    if (this.address === undefined || !isDataSource(dataSource)) return false;
    if (addressOf(dataSource.options) !== this.address) return false;
    this.joined = dataSource;
    return true;
  }

  /** @throws MercureError TRANSPORT_INVALID, OPTIONS_INVALID */
  async makeLog({ findDataSource, dispatchTimeoutMs, warn }: Required<Application>): Promise<Log> {
    const { source, dataSource, prefix, migrate, durability } = this.options;
    if (this.needsProviders) this.joined = findDataSource(dataSource as never) as DataSource;
    const options = source ?? this.joined!.options;
    const make = (): Promise<DataSource> | DataSource =>
      source ? newDataSource(source) : likeDataSource(this.joined!);
    const shared = { prefix, migrate, durability, timeoutMs: dispatchTimeoutMs, warn };
    const engine = engineOf(options);
    if (engine === 'postgres') {
      return new PostgresLog({ ...shared, connect: async () => initialize(await make(), postgresFault) });
    }
    if (engine === 'mysql') {
      return new MysqlLog({ ...shared, connect: async () => initialize(await make(), mysqlFault) });
    }
    checkFile(options);
    return new SqliteLog({
      ...shared,
      application: () => this.joined,
      connect: async () => initialize(await make(), sqliteFault),
    });
  }
}

function checkFile({ database }: DataSourceOptions): void {
  const file = typeof database === 'string' ? database : '';
  if (file !== '' && !file.includes(':memory:') && !file.includes('mode=memory')) return;
  throw invalidTransport('A log in SQLite needs a file', 'A database in memory ends with its process.');
}

import type { DataSource, DataSourceOptions } from 'typeorm';
import { invalidTransport, StoreFault, unavailableAtStart } from './store-fault.js';

/** Of the log: to append, to follow, to read, to be woken; and one to spare, where one is given up. */
const POOL_SIZE = 6;

/** What the log's own DataSource has otherwise than the application's: no entities, and nobody's hooks. */
const OWN: Partial<Record<string, unknown>> = {
  entities: [],
  subscribers: [],
  migrations: [],
  migrationsRun: false,
  synchronize: false,
  dropSchema: false,
  logging: false,
  cache: false,
  poolSize: POOL_SIZE,
  poolErrorHandler: () => undefined,
  // SQLite: who waits in the driver stops the whole process.
  timeout: 0,
  enableWAL: true,
};

type DataSourceClass = new (options: DataSourceOptions) => DataSource;

/** A DataSource with the settings of another, and connections of its own. */
export function likeDataSource(dataSource: DataSource): DataSource {
  const { extra = {}, ...options } = dataSource.options as DataSourceOptions & { extra?: object };
  // The application's copy of TypeORM, which need not be the one this package would find.
  const OwnDataSource = dataSource.constructor as DataSourceClass;
  // What the application set there would win; each driver warns of the other's word.
  const limit = options.type === 'postgres' ? 'max' : 'connectionLimit';
  return new OwnDataSource({ ...options, ...OWN, extra: { ...extra, [limit]: POOL_SIZE } });
}

/** A DataSource with these settings; TypeORM is imported here. @throws MercureError TRANSPORT_INVALID */
export async function newDataSource(options: DataSourceOptions): Promise<DataSource> {
  const { DataSource: OwnDataSource } = await importTypeOrm();
  const driver = options.type === 'better-sqlite3' ? await importSqlite() : undefined;
  try {
    return new OwnDataSource({
      ...options,
      ...OWN,
      ...(driver !== undefined && { driver }),
    });
  } catch (error) {
    const [, name] = /npm install (\S+?)"/.exec((error as Error).message) ?? [];
    if (name === undefined) throw error;
    throw invalidTransport(
      `The database (${options.type}) needs a driver`,
      `Run: npm install ${name}`,
      error,
    );
  }
}

/**
 * Connects, in words of what to do where that fails: an error of a driver may hold settings.
 *
 * @throws MercureError TRANSPORT_INVALID, TRANSPORT_UNAVAILABLE
 */
export async function initialize(
  dataSource: DataSource,
  faultOf: (error: unknown) => StoreFault,
): Promise<DataSource> {
  try {
    return await dataSource.initialize();
  } catch (error) {
    const { type } = dataSource.options;
    const { code = '' } = error as { code?: string };
    const refusal = REFUSALS.find(([codes]) => codes.test(code));
    if (refusal) throw invalidTransport(`The database (${type}) ${refusal[1]}`, refusal[2], error);
    throw unavailableAtStart(
      `The database (${type}) cannot be had: ${faultOf(error).reason}`,
      'Start it, or correct its address.',
      error,
    );
  }
}

const REFUSALS: readonly [codes: RegExp, fault: string, remedy: string][] = [
  [/^28|^ER_ACCESS_DENIED/, 'refuses the user', 'Correct the user name and the password.'],
  [/^3D000$|^ER_BAD_DB/, 'has no database of that name', 'Create it, or correct the name.'],
  [/^42501$|^ER_DBACCESS_DENIED/, 'does not let the user in', 'Grant the user what it needs.'],
  [/^SQLITE_NOTADB/, 'is no SQLite file', 'Correct the path.'],
];

async function importTypeOrm(): Promise<{ DataSource: DataSourceClass }> {
  try {
    // A CommonJS package: its names are found on either.
    const typeorm = (await import('typeorm')) as unknown as {
      DataSource?: DataSourceClass;
      default?: unknown;
    };
    return (typeorm.DataSource ? typeorm : typeorm.default) as { DataSource: DataSourceClass };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw invalidTransport('The typeorm transport needs TypeORM', 'Run: npm install typeorm', error);
  }
}

/**
 * libsql is the one that is installed without a compiler; better-sqlite3 has the same interface.
 *
 * @throws MercureError TRANSPORT_INVALID where neither is installed
 */
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

import type { DataSource, DataSourceOptions } from 'typeorm';
import type { ProviderToken } from '../application.js';
import { invalidOption } from './invalid-option.js';
import { readStoreUrl, type UrlOption } from './store-url.js';

/** Where the log lies and what is kept of it. */
export type TypeOrmTransportOptions = (
  | {
      /**
       * `postgres://`, `postgresql://`, `mysql://` or `mariadb://` with user, password, host, port and database;
       * `sqlite:///absolute/file` or `sqlite://./relative/file`. The options `prefix`, `size`, `ageMs`, `bytes`,
       * `durability` and `leaseMs` may stand in it as parameters (`?size=50000`); those given beside it win. `?ssl=true` of MySQL and
       * MariaDB is TLS, the parameters of PostgreSQL are its driver's (`?sslmode=verify-full`).
       */
      url: string;
      dataSource?: undefined;
    }
  | {
      /** The application's DataSource, or its Nest token. Only its settings are used: the connections are others. */
      dataSource: DataSource | ProviderToken;
      url?: undefined;
    }
) & {
  /** Of the tables' names. A word of at most 30 letters, digits and `_`. Default `mercure_`. */
  prefix?: string;
  /** Makes the tables where they are not there. Default: true with `url`, false with `dataSource`. */
  migrate?: boolean;
  /** Updates kept, about: what is over is dropped in the background. Default 0: all. */
  size?: number;
  /** Milliseconds an update is kept. Default 0: for ever. */
  ageMs?: number;
  /** Bytes kept, topics, ids and data counted as UTF-8. Default 0: all. */
  bytes?: number;
  /**
   * What an acknowledgement means. `'disk'` (default): it survives a power cut. `'process'`: it survives the end of the
   * hub's process, at less cost; a power cut may take the last moments.
   */
  durability?: 'disk' | 'process';
  /**
   * Milliseconds after which the subscribers of a node that is gone are gone. Default 15,000; renewed every third of it.
   * One process has a SQLite file: there it means nothing.
   */
  leaseMs?: number;
};

export interface ResolvedOptions {
  /** What the URL says of a DataSource. */
  readonly source: DataSourceOptions | undefined;
  readonly dataSource: DataSource | ProviderToken | undefined;
  /** Where it is, for people; a DataSource's is not told. */
  readonly place: string | undefined;
  readonly prefix: string;
  readonly migrate: boolean;
  readonly size: number;
  readonly ageMs: number;
  readonly bytes: number;
  readonly durability: 'disk' | 'process';
  readonly leaseMs: number;
}

const NAMES: readonly string[] = [
  'url',
  'dataSource',
  'prefix',
  'migrate',
  'size',
  'ageMs',
  'bytes',
  'durability',
  'leaseMs',
] satisfies (keyof TypeOrmTransportOptions)[];

const COUNTS: readonly UrlOption[] = ['size', 'ageMs', 'bytes', 'leaseMs'];

/** @throws MercureError OPTIONS_INVALID */
export function resolveOptions(options: TypeOrmTransportOptions): ResolvedOptions {
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name));
  if (unknown !== undefined)
    throw invalidOption(unknown, 'is unknown', `Its options are ${NAMES.join(', ')}.`);
  const { url, dataSource, migrate = url !== undefined } = options;
  if ((url === undefined) === (dataSource === undefined)) {
    throw invalidOption('url', 'is not set, or beside a dataSource', 'Give a url or a dataSource.');
  }
  if (url !== undefined && typeof url !== 'string') throw invalidOption('url', 'is no text', 'Give a URL.');
  if (typeof migrate !== 'boolean') throw invalidOption('migrate', 'is no boolean', 'Give true or false.');
  const named = url === undefined ? undefined : readStoreUrl(url);
  const given = { ...fromUrl(named?.parameters ?? new Map()), ...withoutUndefined(options) };
  return {
    source: named?.source,
    place: named?.place,
    dataSource,
    migrate,
    prefix: prefixOf(given.prefix ?? 'mercure_'),
    size: count('size', given.size),
    ageMs: count('ageMs', given.ageMs),
    bytes: count('bytes', given.bytes),
    durability: durabilityOf(given.durability ?? 'disk'),
    leaseMs: leaseOf(given.leaseMs ?? 15_000),
  };
}

type Bounds = Partial<Pick<TypeOrmTransportOptions, UrlOption>>;

function fromUrl(parameters: ReadonlyMap<UrlOption, string>): Bounds {
  return Object.fromEntries(
    [...parameters].map(([name, value]) => {
      if (!COUNTS.includes(name)) return [name, value];
      return [name, /^\d+$/.test(value) ? Number(value) : Number.NaN];
    }),
  );
}

function prefixOf(prefix: unknown): string {
  if (typeof prefix === 'string' && /^[A-Za-z_][A-Za-z0-9_]{0,29}$/.test(prefix)) return prefix;
  throw invalidOption('prefix', 'is no name of tables', 'Give a word of at most 30 letters, digits and "_".');
}

function durabilityOf(durability: unknown): 'disk' | 'process' {
  if (durability === 'disk' || durability === 'process') return durability;
  throw invalidOption('durability', 'is unknown', 'Use disk or process.');
}

function leaseOf(leaseMs: unknown): number {
  if (Number.isSafeInteger(leaseMs) && Number(leaseMs) > 0) return Number(leaseMs);
  throw invalidOption('leaseMs', 'is no whole number of 1 or more', 'Give milliseconds, or leave it out.');
}

function count(name: 'size' | 'ageMs' | 'bytes', value = 0): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw invalidOption(
    name,
    'is no whole number of 0 or more',
    'Leave it out, or give 0, to keep everything.',
  );
}

function withoutUndefined(options: TypeOrmTransportOptions): Bounds {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

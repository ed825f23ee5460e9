import type { DataSource } from 'typeorm';
import { MercureError } from '../../errors.js';
import type { ProviderToken } from '../application.js';

/** Where the log lies and what is kept of it. */
export type TypeOrmTransportOptions = (
  | {
      /**
       * `postgres://`, `postgresql://`, `mysql://`, `mariadb://` with user, password, host, port and database as the
       * driver takes them; `sqlite:///absolute/file` or `sqlite://./relative/file`.
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
};

export interface ResolvedOptions {
  readonly url: string | undefined;
  readonly dataSource: DataSource | ProviderToken | undefined;
  readonly prefix: string;
  readonly migrate: boolean;
  readonly size: number;
  readonly ageMs: number;
  readonly bytes: number;
  readonly durability: 'disk' | 'process';
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
] satisfies (keyof TypeOrmTransportOptions)[];

/** @throws MercureError OPTIONS_INVALID */
export function resolveOptions(options: TypeOrmTransportOptions): ResolvedOptions {
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw invalid(unknown, `Its options are ${NAMES.join(', ')}.`);
  const { url, dataSource, prefix = 'mercure_', durability = 'disk' } = options;
  if ((url === undefined) === (dataSource === undefined)) throw invalid('url', 'Give a url or a dataSource.');
  if (url !== undefined && (typeof url !== 'string' || url === '')) throw invalid('url', 'Give a string.');
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,29}$/.test(prefix)) {
    throw invalid('prefix', 'Give a word of at most 30 letters, digits and "_".');
  }
  if (durability !== 'disk' && durability !== 'process')
    throw invalid('durability', `Give 'disk' or 'process'.`);
  const { migrate = url !== undefined } = options;
  if (typeof migrate !== 'boolean') throw invalid('migrate', 'Give true or false.');
  return {
    url,
    dataSource,
    prefix,
    migrate,
    size: bound('size', options.size),
    ageMs: bound('ageMs', options.ageMs),
    bytes: bound('bytes', options.bytes),
    durability,
  };
}

function bound(name: 'size' | 'ageMs' | 'bytes', value = 0): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw invalid(name, 'Give a whole number of 0 or more; 0 keeps everything.');
}

function invalid(name: string, remedy: string): MercureError {
  return new MercureError('OPTIONS_INVALID', 500, `Invalid option typeOrm({ ${name} }). ${remedy}`, remedy);
}

import { resolve } from 'node:path';
import type { DataSourceOptions } from 'typeorm';
import { unknownParameter } from '../unknown-parameter.js';
import { invalidOption } from './invalid-option.js';

/** Options of the transport that may stand in its URL as parameters. */
const IN_URL = ['prefix', 'size', 'ageMs', 'bytes', 'durability', 'leaseMs'] as const;
export type UrlOption = (typeof IN_URL)[number];

/** What a URL says. */
export interface StoreUrl {
  /** Settings of a DataSource; SQLite's driver is imported when it is opened. */
  readonly source: DataSourceOptions;
  /** Where it is, for people: without a password. */
  readonly place: string;
  readonly parameters: ReadonlyMap<UrlOption, string>;
}

interface Server {
  readonly read: (url: URL, scheme: string) => Pick<StoreUrl, 'source' | 'place'>;
  /** Of the driver's. */
  readonly parameters: readonly string[];
}

/** Those of node-postgres, which would take no notice of a slip. */
const OF_POSTGRES = [
  'sslmode',
  'sslcert',
  'sslkey',
  'sslrootcert',
  'ssl',
  'uselibpqcompat',
  'application_name',
  'options',
  'connect_timeout',
];
const OF_MYSQL = ['ssl'];

const SERVERS: ReadonlyMap<string, Server> = new Map<string, Server>([
  ['postgres', { read: postgres, parameters: OF_POSTGRES }],
  ['postgresql', { read: postgres, parameters: OF_POSTGRES }],
  ['mysql', { read: mysql, parameters: OF_MYSQL }],
  ['mariadb', { read: mysql, parameters: OF_MYSQL }],
]);

/**
 * `sqlite:///absolute/file`, `sqlite://./relative`, `postgres://user:password@host:port/database`, `mysql://…`, each with
 * parameters.
 *
 * @throws MercureError OPTIONS_INVALID, which never quotes the URL: it may hold a password
 */
export function readStoreUrl(text: string): StoreUrl {
  const [, scheme = ''] = /^([a-z]+):\/\//i.exec(text) ?? [];
  const name = scheme.toLowerCase();
  if (name === 'sqlite') return sqlite(text);
  const server = SERVERS.get(name);
  if (!server || !URL.canParse(text)) throw wrongUrl();
  const url = new URL(text);
  if (url.hostname === '') throw wrongUrl();
  const parameters = takeOptions(url.searchParams, server.parameters);
  return { ...server.read(url, name), parameters };
}

function sqlite(text: string): StoreUrl {
  const [, path = '', query] = /^sqlite:\/\/([^?]*)(?:\?(.*))?$/is.exec(text)!;
  const search = new URLSearchParams(query);
  const parameters = takeOptions(search, []);
  if (path === '' || path.includes(':memory:')) {
    throw invalidOption('url', 'names no file', 'Give sqlite:///path/to/file or sqlite://./file.');
  }
  const database = resolve(decoded(path));
  return { source: { type: 'better-sqlite3', database }, place: `SQLite (${database})`, parameters };
}

function postgres(url: URL): Pick<StoreUrl, 'source' | 'place'> {
  return { source: { type: 'postgres', url: url.href }, place: `PostgreSQL (${placeOf(url, 5432)})` };
}

/** As single settings: TypeORM drops the parameters of such a URL, and with them what was to be encrypted. */
function mysql(url: URL, scheme: string): Pick<StoreUrl, 'source' | 'place'> {
  const ssl = url.searchParams.get('ssl');
  if (ssl !== null && ssl !== 'true') {
    throw invalidOption('url', 'has an "ssl" that is not true', 'Use ssl=true, or leave it out.');
  }
  const source = {
    type: scheme as 'mysql' | 'mariadb',
    host: url.hostname.replaceAll(/[[\]]/g, ''),
    port: Number(url.port || 3306),
    username: decoded(url.username),
    password: decoded(url.password),
    database: decoded(url.pathname.slice(1)),
    ...(ssl !== null && { ssl: {} }),
  };
  return { source, place: `${scheme === 'mysql' ? 'MySQL' : 'MariaDB'} (${placeOf(url, 3306)})` };
}

/** Takes the transport's own out of the parameters; what is left are the driver's. */
function takeOptions(search: URLSearchParams, ofDriver: readonly string[]): Map<UrlOption, string> {
  const taken = new Map<UrlOption, string>();
  for (const name of IN_URL) {
    const value = search.get(name);
    if (value === null) continue;
    taken.set(name, value);
    search.delete(name);
  }
  const unknown = [...search.keys()].find((name) => !ofDriver.includes(name));
  if (unknown !== undefined) {
    const known = [...IN_URL, ...ofDriver].join(', ');
    throw invalidOption('url', `has ${unknownParameter(unknown)}`, `Its parameters are ${known}.`);
  }
  return taken;
}

function placeOf({ hostname, port, pathname }: URL, usual: number): string {
  return `${hostname}:${port || usual}${pathname}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidOption(
      'url',
      'has a stray "%"',
      'Percent-encode names, passwords and paths: "%" itself is "%25".',
    );
  }
}

function wrongUrl(): Error {
  return invalidOption(
    'url',
    'names no database',
    'Use postgres://user:password@host/database, mysql://user:password@host/database or sqlite:///path/to/file.',
  );
}

import { MercureError } from '../errors.js';
import { memory, type MemoryTransportOptions } from '../transport/memory-transport.js';
import { resolveRedisOptions } from '../transport/redis/redis-options.js';
import { redis } from '../transport/redis/redis-transport.js';
import type { Transport } from '../transport/transport.js';
import { resolveOptions } from '../transport/typeorm/options.js';
import { typeOrm } from '../transport/typeorm/type-orm.js';
import { unknownParameter } from '../transport/unknown-parameter.js';
import { startError } from './start-error.js';
import { COUNT } from './value-types.js';

/** A transport that is known and not yet opened. */
export interface TransportChoice {
  /** What it is, for people. */
  readonly label: string;
  /** Engines are imported here, when they are chosen: none is a dependency. */
  readonly open: () => Promise<Transport>;
}

type Engine = (url: string, name: string) => TransportChoice;

/** By scheme. Each reads its own URL. */
const ENGINES: ReadonlyMap<string, Engine> = new Map<string, Engine>([
  ['memory:', memoryEngine],
  // What the Go hub calls the same. It keeps nothing; that more is kept here hurts nobody.
  ['local:', memoryEngine],
  ['null:', memoryEngine],
  ['bolt:', refuseBolt],
  ...['redis:', 'rediss:', 'redis+sentinel:', 'rediss+sentinel:', 'redis+cluster:', 'rediss+cluster:'].map(
    (scheme) => [scheme, redisEngine] as const,
  ),
  ...['sqlite:', 'postgres:', 'postgresql:', 'mysql:', 'mariadb:'].map(
    (scheme) => [scheme, sqlEngine] as const,
  ),
]);

/** What `MERCURE_TRANSPORT_URL` is when it is unset. */
export const DEFAULT_TRANSPORT_URL = 'memory://';

/**
 * @param name of the variable, for messages; the URL is never in them, it may hold a password
 * @throws MercureError OPTIONS_INVALID where there is no such engine, or it does not understand its URL
 */
export function chooseTransport(text: string, name: string): TransportChoice {
  // By its scheme alone: a URL of several hosts is none to the parser of URLs.
  const [scheme = ''] = /^[a-z+]+:/i.exec(text) ?? [];
  const engine = ENGINES.get(scheme.toLowerCase());
  if (!engine) {
    throw startError(
      `Invalid ${name}: there is no such transport`,
      'Use memory://?size=10000, sqlite:///path/to/file, postgres://user:password@host/database, mysql://… or redis://….',
    );
  }
  return engine(text, name);
}

/** Options of `memory()` by the names that the parameters of the other engines have. */
const IN_MEMORY: ReadonlyMap<string, keyof MemoryTransportOptions> = new Map([
  ['size', 'maxUpdates'],
  ['ageMs', 'maxAgeMs'],
  ['bytes', 'maxBytes'],
]);

function memoryEngine(url: string, name: string): TransportChoice {
  const { searchParams } = new URL(URL.canParse(url) ? url : 'memory://?invalid');
  const options: MemoryTransportOptions = {};
  for (const [parameter, text] of searchParams) {
    const option = IN_MEMORY.get(parameter);
    const value = COUNT.parse(text);
    if (option === undefined || value === undefined) {
      const fault = option === undefined ? unknownParameter(parameter) : `a "${parameter}" that is no number`;
      throw startError(
        `Invalid ${name}: the memory transport has ${fault}`,
        'Its parameters are size (updates), ageMs and bytes: memory://?size=10000; size=0 keeps none.',
      );
    }
    options[option] = value;
  }
  const kept = (options.maxUpdates ?? 10_000).toLocaleString('en');
  return {
    label: `memory (the last ${kept} updates, until the process ends)`,
    open: () => Promise.resolve(memory(options)),
  };
}

function redisEngine(url: string, name: string): TransportChoice {
  const { address, prefix } = inWordsOf(name, () => resolveRedisOptions({ url }));
  const hosts = address.hosts.map(({ host, port }) => `${host}:${port}`).join(', ');
  return {
    label: `Redis (${hosts}, keys {${prefix}}:…)`,
    open: () => Promise.resolve(redis({ url })),
  };
}

function sqlEngine(url: string, name: string): TransportChoice {
  const { place, prefix } = inWordsOf(name, () => resolveOptions({ url }));
  return {
    label: `${place}, tables ${prefix}…`,
    open: () => Promise.resolve(typeOrm({ url })),
  };
}

/** What is wrong with an option is wrong with the variable it stands in. */
function inWordsOf<T>(name: string, resolve: () => T): T {
  try {
    return resolve();
  } catch (error) {
    if (!(error instanceof MercureError)) throw error;
    const [, option = 'url', fault = ''] = /\(\{ (\w+) \}\): it (.+?)\. /.exec(error.message) ?? [];
    throw startError(
      `Invalid ${name}: ${option === 'url' ? 'it' : `its "${option}"`} ${fault}`,
      error.remedy,
    );
  }
}

function refuseBolt(_url: string, name: string): never {
  throw startError(
    `Invalid ${name}: a Bolt file of the Go hub is not opened in place`,
    'Set it to sqlite:///path/to/file (or a database, or redis://), and bring the history over with ' +
      '"npx nestjs-mercure import <export>": docs/standalone.md says how.',
  );
}

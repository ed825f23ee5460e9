import type { RedisOptions } from 'ioredis';
import { unknownParameter } from '../unknown-parameter.js';
import { type Address, addressOf } from './address.js';
import { invalidOption } from './invalid-option.js';

/** What `redis()` takes. All nodes of one hub give the same. */
export interface RedisTransportOptions {
  /**
   * `redis://user:password@host:port/db`, `rediss://` with TLS, `redis+sentinel://host,host/db?name=mymaster`,
   * `redis+cluster://host,host`. The options `prefix`, `size`, `ageMs`, `bytes`, `durability`, `replicas` and `leaseMs`
   * may stand in it as parameters (`?prefix=news&size=50000`); those given beside it win.
   */
  url: string;
  /** Names the hub: its keys are `{prefix}:…`. Default `mercure`. */
  prefix?: string;
  /** Updates kept. Default 100,000; 0: as many as the other bounds and the server's memory allow. */
  size?: number;
  /** Milliseconds an update is kept, by the server's clock. Default 0: as long as the other bounds allow. */
  ageMs?: number;
  /** Bytes kept: ids, topics and data as UTF-8, and 200 for each update. Default 256 MiB; 0: unbounded. */
  bytes?: number;
  /**
   * What an acknowledged publication is: in the memory of the server (`process`, the default; what of it a crash of the
   * server loses is the business of its own persistence), synced to its disk (`disk`: refused where the server does not
   * run with `appendonly yes` and `appendfsync always`), or in the memory of replicas too (`replicated`).
   */
  durability?: 'process' | 'disk' | 'replicated';
  /** How many replicas must have it under `replicated`. Default 1. */
  replicas?: number;
  /** Milliseconds a publication may wait for a server that is away, and the server may take to answer. Default 5,000. */
  timeoutMs?: number;
  /** Milliseconds after which the subscribers of a node that is gone are gone. Default 15,000; renewed every third of it. */
  leaseMs?: number;
  /** Further options of ioredis: `{ tls: { ca }, family: 6, … }`. */
  client?: RedisOptions;
}

/** The options, each with its value. */
export type RedisSettings = Readonly<Required<Omit<RedisTransportOptions, 'url'>>> & {
  readonly address: Address;
};

const MIB = 1024 * 1024;
const COUNTS = { size: 100_000, ageMs: 0, bytes: 256 * MIB, replicas: 1, timeoutMs: 5000, leaseMs: 15_000 };
const IN_URL = ['prefix', 'size', 'ageMs', 'bytes', 'durability', 'replicas', 'leaseMs'] as const;
const DURABILITIES = ['process', 'disk', 'replicated'] as const;
const NAMES: readonly string[] = ['url', 'client', 'prefix', 'durability', ...Object.keys(COUNTS)];

/** @throws MercureError OPTIONS_INVALID naming the option and the remedy */
export function resolveRedisOptions(options: RedisTransportOptions): RedisSettings {
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name));
  if (unknown !== undefined)
    throw invalidOption(unknown, 'is unknown', `Its options are ${NAMES.join(', ')}.`);
  if (typeof options.url !== 'string') {
    throw invalidOption('url', 'is not set', 'Is the environment variable it comes from set?');
  }
  const address = addressOf(options.url);
  const given = { ...fromUrl(address), ...withoutUndefined(options) };
  return Object.freeze({
    address,
    client: given.client ?? {},
    prefix: prefixOf(given.prefix ?? 'mercure'),
    durability: durabilityOf(given.durability ?? 'process'),
    size: count('size', given.size),
    ageMs: count('ageMs', given.ageMs),
    bytes: count('bytes', given.bytes),
    replicas: count('replicas', given.replicas, 1),
    timeoutMs: count('timeoutMs', given.timeoutMs, 1),
    leaseMs: count('leaseMs', given.leaseMs, 1),
  });
}

function fromUrl({ parameters }: Address): Partial<RedisTransportOptions> {
  const options: Record<string, string | number> = {};
  for (const [name, value] of parameters) {
    if (!(IN_URL as readonly string[]).includes(name)) {
      throw invalidOption(
        'url',
        `has ${unknownParameter(name)}`,
        `Its parameters are ${IN_URL.join(', ')}, and name for Sentinel.`,
      );
    }
    options[name] = name in COUNTS ? (/^\d+$/.test(value) ? Number(value) : Number.NaN) : value;
  }
  return options;
}

function prefixOf(prefix: unknown): string {
  // Braces are how a cluster finds the slot.
  if (typeof prefix === 'string' && /^[^\s{}]{1,200}$/.test(prefix)) return prefix;
  throw invalidOption('prefix', 'is no name', 'Use 1 to 200 characters without spaces and braces.');
}

function durabilityOf(durability: unknown): (typeof DURABILITIES)[number] {
  const known = DURABILITIES.find((each) => each === durability);
  if (known) return known;
  throw invalidOption('durability', 'is unknown', `Use ${DURABILITIES.join(', ')}.`);
}

function count(name: keyof typeof COUNTS, value: number | undefined, least = 0): number {
  if (value === undefined) return COUNTS[name];
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw invalidOption(name, `is no whole number of ${least} or more`, 'Leave it out for the default.');
}

function withoutUndefined(options: RedisTransportOptions): Partial<RedisTransportOptions> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

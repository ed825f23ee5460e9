import type { ClusterOptions, RedisOptions } from 'ioredis';
import type { MercureError } from '../../errors.js';
import { Connection, retryDelay } from './connection.js';
import { away, firstWords, invalid, isDenied } from './failures.js';
import type { RedisSettings } from './redis-options.js';
import type { Client } from './script.js';

type Engine = Pick<typeof import('ioredis'), 'Redis' | 'Cluster'>;

/** A hub that starts waits so long for its server, or longer where `timeoutMs` is. Milliseconds. */
const START_MS = 5000;

/** @throws MercureError TRANSPORT_INVALID with the command that installs it */
export async function loadEngine(): Promise<Engine> {
  try {
    const { Redis, Cluster } = await import('ioredis');
    return { Redis, Cluster };
  } catch (error) {
    throw invalid(
      'The redis transport needs ioredis, which is not installed',
      'Run "npm install ioredis".',
      error,
    );
  }
}

/** Begins to connect. */
export function connect(engine: Engine, settings: RedisSettings): Connection {
  return new Connection(createClient(engine, settings), settings.timeoutMs);
}

/**
 * Resolves when the connections are there for the first time.
 *
 * @throws MercureError TRANSPORT_INVALID where the server does not let the hub in, TRANSPORT_UNAVAILABLE where it is away
 */
export async function opened(
  connections: readonly Connection[],
  { timeoutMs }: RedisSettings,
): Promise<void> {
  const ready = Promise.all(connections.map((each) => each.whenReady()));
  const patience = Math.max(timeoutMs, START_MS);
  let timer: NodeJS.Timeout | undefined;
  const failed = new Promise<never>((_, reject) => {
    const started = performance.now();
    timer = setInterval(() => {
      const failure = connections.map((each) => each.lastFailure).find((each) => each !== undefined);
      if (isDenied(failure)) reject(denied(failure));
      else if (performance.now() - started > patience) reject(away(failure));
    }, 20);
  });
  try {
    await Promise.race([ready, failed]);
  } finally {
    clearInterval(timer);
  }
}

function denied(failure: Error): MercureError {
  return invalid(
    `Redis does not let the hub in (${firstWords(failure)})`,
    'Correct the name and password of its URL, or the rights of its user.',
  );
}

function createClient({ Redis, Cluster }: Engine, settings: RedisSettings): Client {
  const { address, client: given, timeoutMs } = settings;
  const node: RedisOptions = {
    ...given,
    ...(address.username !== undefined && { username: address.username }),
    ...(address.password !== undefined && { password: address.password }),
    ...(address.tls && { tls: given.tls ?? {} }),
    connectTimeout: Math.min(timeoutMs, 3000),
    // What the other side does not acknowledge is not waited for.
    disconnectTimeout: 50,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // Rejects what was under way at once; any other number would leave it hanging.
    maxRetriesPerRequest: 0,
    retryStrategy: retryDelay,
  };
  if (address.kind === 'cluster') {
    const options: ClusterOptions = {
      redisOptions: node,
      enableOfflineQueue: false,
      clusterRetryStrategy: retryDelay,
      slotsRefreshTimeout: Math.min(timeoutMs, 3000),
    };
    return new Cluster([...address.hosts], options);
  }
  if (address.kind === 'sentinel') {
    return new Redis({
      ...node,
      sentinels: [...address.hosts],
      name: address.masterName,
      db: address.db,
      sentinelRetryStrategy: retryDelay,
      ...(address.tls && { enableTLSForSentinelMode: true, sentinelTLS: node.tls }),
    });
  }
  const { host, port } = address.hosts[0]!;
  return new Redis({ ...node, host, port, db: address.db });
}

import type { Connection } from './connection.js';
import { firstWords, invalid, isAnswer } from './failures.js';
import type { RedisSettings } from './redis-options.js';

/** Ranges without their first entry, trimming by length in a script that reads the clock. */
const LEAST = [6, 2] as const;

/** @throws MercureError TRANSPORT_INVALID where the server cannot do what is asked of it */
export async function checkServer(connection: Connection, settings: RedisSettings): Promise<void> {
  const info = await ask(connection, (client) => client.info('server'));
  const [, major = '0', minor = '0'] = /^redis_version:(\d+)\.(\d+)/m.exec(info ?? '') ?? [];
  const isOld = Number(major) < LEAST[0] || (Number(major) === LEAST[0] && Number(minor) < LEAST[1]);
  if (info !== undefined && isOld) {
    throw invalid(`Redis ${major}.${minor} is too old`, `Use Redis ${LEAST.join('.')} or newer, or Valkey.`);
  }
  if (await keepsPromise(connection, settings)) return;
  throw invalid(
    'Redis does not sync what it acknowledges to its disk, or does not tell',
    'Run it with "appendonly yes" and "appendfsync always", or use another durability.',
  );
}

/** Whether the server can do what `durability` promises: what is acknowledged is on its disk, where that is the promise. */
export async function keepsPromise(connection: Connection, { durability }: RedisSettings): Promise<boolean> {
  if (durability !== 'disk') return true;
  const info = await ask(connection, (client) => client.info('persistence'));
  const sync = (await ask(connection, (client) => client.config('GET', 'appendfsync'))) as
    string[] | undefined;
  return info !== undefined && /^aof_enabled:1/m.test(info) && sync?.[1] === 'always';
}

/** Undefined: the hub's user has no right to ask. */
async function ask<T>(
  connection: Connection,
  work: Parameters<typeof connection.send<T>>[0],
): Promise<T | undefined> {
  try {
    return await connection.send(work);
  } catch (error) {
    if (isAnswer(error) && firstWords(error).startsWith('NOPERM')) return undefined;
    throw error;
  }
}

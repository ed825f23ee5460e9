import { Redis } from 'ioredis';
import type { Engine } from './engine.js';
import { prefixOf, withPrefix } from './prefix.js';

const REDIS_URL = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';

export const redis: Engine = {
  title: 'Redis',
  place: 'REDIS_URL',
  url: (hub) => withPrefix(REDIS_URL, hub),
  answer: () => withClient(async (client) => void (await client.ping())),
  unsynced: () => Promise.resolve(undefined),
  clear: (hub) =>
    withClient(async (client) => {
      for await (const keys of client.scanStream({ match: `{${prefixOf(hub)}}:*`, count: 1000 })) {
        if ((keys as string[]).length > 0) await client.unlink(...(keys as string[]));
      }
    }),
};

async function withClient<T>(work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(REDIS_URL, { lazyConnect: true, connectTimeout: 5000, retryStrategy: null });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    client.disconnect();
  }
}

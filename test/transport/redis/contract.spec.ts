import { randomUUID } from 'node:crypto';
import { beforeAll, describe, it } from 'vitest';
import { redis } from 'nestjs-mercure/redis';
import { transportContract, type StoreBounds } from 'nestjs-mercure/testing';
import { buildProgram } from '../../standalone/support/program.js';
import { named } from '../../support/named.js';
import { REDIS_URL, redisAnswers, removeKeys } from '../../support/redis.js';
import { spawnPresenceNode } from '../support/presence-node.js';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.js';

/** Short enough to wait for its end, long enough for a machine that is busy. Milliseconds. */
const LEASE_MS = 3000;

interface Store {
  readonly prefix: string;
  readonly bounds: StoreBounds;
  readonly proxy: TcpProxy;
}

const { hostname, port, username, password, pathname } = new URL(REDIS_URL);

const contract = transportContract<Store>({
  nodes: 'many',
  durability: 'process',
  abilities: ['once', 'retained', 'presence', 'health'],
  makeStore: async (bounds) => ({
    prefix: `contract-${randomUUID()}`,
    bounds,
    proxy: await startTcpProxy({ host: hostname, port: Number(port || 6379) }),
  }),
  open: ({ prefix, bounds: { maxUpdates, maxAgeMs }, proxy }) => {
    const login = username || password ? `${username}:${password}@` : '';
    return redis({
      url: `redis://${login}127.0.0.1:${proxy.port}${pathname}`,
      prefix,
      size: maxUpdates ?? 0,
      ageMs: maxAgeMs ?? 0,
      timeoutMs: 2000,
      leaseMs: LEASE_MS,
    });
  },
  dropStore: async ({ prefix, proxy }) => {
    await proxy.close();
    await removeKeys(REDIS_URL, prefix);
  },
  slowDown: ({ proxy }) => {
    proxy.delay(3);
    return Promise.resolve();
  },
  takeAway: ({ proxy }) => {
    proxy.refuse();
    return Promise.resolve(() => {
      proxy.heal();
      return Promise.resolve();
    });
  },
  wipe: ({ prefix }) => removeKeys(REDIS_URL, prefix),
  spawn: async ({ prefix }, entries) => {
    const options = { url: REDIS_URL, prefix, timeoutMs: 5000, leaseMs: LEASE_MS };
    const node = await spawnPresenceNode({ redis: options }, entries);
    return node.kill;
  },
});

describe.skipIf(!(await redisAnswers('the contract on Redis')))('the redis transport', () => {
  beforeAll(() => void buildProgram(), 180_000);

  it.each(named(contract))('%s', (_, { run }) => run());
});

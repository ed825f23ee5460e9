import { redis, type RedisTransport, type RedisTransportOptions } from 'nestjs-mercure/redis';
import { onTestFinished } from 'vitest';
import { ContractNode } from '../../../src/testing/contract-node.js';
import { HANG_GUARD_MS } from '../../support/byte-log.js';
import { type RedisServer, startRedis } from '../../support/redis.js';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.js';

export interface Node extends ContractNode {
  readonly transport: RedisTransport;
}

/** A server of the test's own, removed with the test. */
export async function privateRedis(...args: readonly string[]): Promise<RedisServer> {
  const server = await startRedis(...args);
  onTestFinished(() => server.remove());
  return server;
}

export async function proxyTo(server: { readonly port: number }): Promise<TcpProxy> {
  const proxy = await startTcpProxy(server);
  onTestFinished(() => proxy.close());
  return proxy;
}

/** A node, closed with the test. */
export async function nodeOn(
  server: { readonly port: number },
  options: Partial<RedisTransportOptions> = {},
): Promise<Node> {
  const transport = redis({
    url: `redis://127.0.0.1:${server.port}`,
    timeoutMs: 1000,
    leaseMs: 500,
    ...options,
  });
  const node = await ContractNode.start(transport, HANG_GUARD_MS);
  onTestFinished(() => transport.close());
  return node as Node;
}

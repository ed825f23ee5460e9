import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { unhung } from './byte-log.js';

/** The server the suites share, each under a prefix of its own: `REDIS_URL`, else a local one. */
export const REDIS_URL = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';

/**
 * Whether Redis answers at `REDIS_URL`. When it does not, says so aloud: a suite that needs it is then skipped
 * (`describe.skipIf(!(await redisAnswers('…')))`).
 */
export async function redisAnswers(suite: string): Promise<boolean> {
  const client = await reach(REDIS_URL);
  client?.disconnect();
  if (!client) console.warn(`SKIPPED: ${suite} needs Redis, and none answers at REDIS_URL`);
  return client !== undefined;
}

/** Whether there is a `redis-server` to start. Says so aloud where there is none. */
export async function canStartRedis(suite: string): Promise<boolean> {
  const child = spawn('redis-server', ['--version'], { stdio: 'ignore' });
  const found = await new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', () => resolve(true));
  });
  if (!found) console.warn(`SKIPPED: ${suite} starts a redis-server, and there is none`);
  return found;
}

/** Runs commands on a connection of their own. */
export async function withRedis<T>(url: string, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: null });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    client.disconnect();
  }
}

/** Removes everything under a prefix. */
export async function removeKeys(url: string, prefix: string): Promise<void> {
  await withRedis(url, async (client) => {
    for await (const keys of client.scanStream({ match: `{${prefix}}:*`, count: 1000 })) {
      if ((keys as string[]).length > 0) await client.unlink(...(keys as string[]));
    }
  });
}

/** A server of the test's own, which it may stop, freeze, empty and kill. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Ends at once, as by a crash (`SIGKILL`). */
  kill(): Promise<void>;
  /** Starts again, in the same directory. */
  start(...args: readonly string[]): Promise<void>;
  /** Holds the process still: connections stay open and nothing is answered (`SIGSTOP`). */
  freeze(): void;
  thaw(): void;
  command(...args: readonly [string, ...string[]]): Promise<unknown>;
  /** Kills it and removes its directory. */
  remove(): Promise<void>;
}

/** Starts a private server on a free port of the loopback, without persistence unless the arguments say otherwise. */
export async function startRedis(...args: readonly string[]): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), 'mercure-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await unhung(exited, 'the end of a redis-server');
  };
  const start = async (...more: readonly string[]): Promise<void> => {
    const base = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', ''];
    child = spawn('redis-server', [...base, ...args, ...more], { stdio: 'ignore' });
    await unhung(untilItAnswers(url), 'a redis-server');
  };
  await start();
  return {
    port,
    url,
    kill,
    start,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    command: (...[name, ...rest]) => withRedis(url, (client) => client.call(name, ...rest)),
    remove: async () => {
      await kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function untilItAnswers(url: string): Promise<void> {
  for (;;) {
    const client = await reach(url);
    client?.disconnect();
    if (client) return;
    await new Promise((resume) => setTimeout(resume, 10));
  }
}

/** A connection that got an answer: an error is one, where a password is asked for. */
async function reach(url: string): Promise<Redis | undefined> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: null, connectTimeout: 2000 });
  let answered = false;
  client.on('error', (error) => (answered = /NOAUTH|WRONGPASS/.test(error.message)));
  try {
    await client.connect();
    return client;
  } catch {
    client.disconnect();
    return answered ? client : undefined;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

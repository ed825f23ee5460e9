import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Address } from './client/stream-request.js';
import { Child } from './process/child.js';
import { processesOf } from './process/usage.js';
import type { PublisherHandlers } from './publisher/main.js';
import type { ContestantName } from './server/contestants.js';
import type { ServerHandlers } from './server/main.js';
import type { Peer, Settings } from './settings.js';
import type { Load } from './wire/load.js';
import { KEY, PUBLISHER_TOKEN } from './wire/tokens.js';

/** Besides those of the benchmark's own processes: this package's program, and a hub named by its URL. */
export type SystemName = ContestantName | 'hub-standalone' | 'peer';

/** A contestant that is running. */
export interface System {
  readonly name: SystemName;
  /** Its processes. */
  readonly pids: readonly number[];
  /** One for each node. */
  readonly addresses: readonly Address[];
  /** A token to publish with over HTTP. */
  readonly token: string;
  /** Publishes: in its own process where it is one of the benchmark's (the node is the publishers' turn), else over HTTP. */
  run(load: Load): Promise<void>;
  /** Its (first) process, where it is one of the benchmark's. */
  readonly inside: Child<ServerHandlers> | undefined;
  /** Resolves when whoever publishes is ready to. */
  ready(): Promise<unknown>;
  stop(): Promise<void>;
}

const HUB_PATH = '/.well-known/mercure';
const LOCAL = { host: '127.0.0.1', tls: false, http2: false, parameter: 'match' } as const;

export interface SystemOptions {
  /** What a hub of the benchmark's own keeps. */
  readonly maxUpdates?: number;
  /** The URL of the store that the benchmark's own hubs share; undefined: each has its memory. */
  readonly store?: string;
  /** Processes on that store. */
  readonly nodes?: number;
  /** Processes of the standalone hub. */
  readonly workers?: number;
}

export async function startSystem(
  name: SystemName,
  settings: Settings,
  { maxUpdates = 10_000, store, nodes = 1, workers = 1 }: SystemOptions = {},
): Promise<System> {
  if (name === 'peer') return peerSystem(settings.peer!);
  if (name === 'hub-standalone') return startStandalone(settings.port, workers);
  const children = Array.from({ length: nodes }, () => Child.start<ServerHandlers>('server/main.js'));
  const ports: number[] = [];
  for (const child of children) {
    ports.push(await child.call('start', { name, settings: { port: settings.port, maxUpdates, store } }));
  }
  const tls = name.endsWith('-tls') || name.endsWith('-http2');
  const http2 = name.endsWith('-http2');
  return {
    name,
    pids: children.map(({ pid }) => pid),
    addresses: ports.map((port) => ({ ...LOCAL, port, tls, http2, path: pathOf(name) })),
    token: PUBLISHER_TOKEN,
    run: (load) => children[load.as % nodes]!.call('run', load),
    inside: children[0],
    ready: () => Promise.resolve(),
    stop: async () => void (await Promise.all(children.map((child) => child.stop()))),
  };
}

function pathOf(name: ContestantName): string {
  if (name.startsWith('hub-')) return HUB_PATH;
  if (name.startsWith('nest-post-')) return '/publications';
  return '/events';
}

/** The package's program, as `npx nestjs-mercure` starts it. */
async function startStandalone(port: number, workers: number): Promise<System> {
  const program = fileURLToPath(new URL('../../dist/standalone.js', import.meta.url));
  const environment = {
    ADDR: `127.0.0.1:${port}`,
    MERCURE_PUBLISHER_JWT_KEY: KEY,
    MERCURE_SUBSCRIBER_JWT_KEY: KEY,
    MERCURE_ANONYMOUS: '1',
    MERCURE_WORKERS: String(workers),
  };
  const child = spawn(process.execPath, [program], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const address = { ...LOCAL, port: await portTold(child), path: HUB_PATH };
  return overHttp('hub-standalone', processesOf(child.pid!), address, PUBLISHER_TOKEN, async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
}

/** The program prints where it listens. */
function portTold(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let printed = '';
    child.stdout!.on('data', (text: Buffer) => {
      printed += text.toString();
      const port = /http:\/\/[^:/\s]+:(\d+)/.exec(printed)?.[1];
      if (port) resolve(Number(port));
    });
    child.once('exit', (code) => reject(new Error(`The standalone hub ended with ${code}`)));
  });
}

function peerSystem({ url, pid, token, generation }: Peer): Promise<System> {
  const address: Address = {
    host: url.hostname,
    port: Number(url.port || 80),
    tls: false,
    http2: false,
    path: url.pathname,
    parameter: generation === '1.0' ? 'match' : 'topic',
  };
  return overHttp('peer', [pid], address, token, () => Promise.resolve());
}

async function overHttp(
  name: SystemName,
  pids: readonly number[],
  address: Address,
  token: string,
  end: () => Promise<void>,
): Promise<System> {
  const publisher = Child.start<PublisherHandlers>('publisher/main.js');
  const { host, port, path } = address;
  let connected = 0;
  return {
    name,
    pids,
    addresses: [address],
    token,
    inside: undefined,
    ready: () => publisher.call('connect', { target: { host, port, path, token }, count: 0 }),
    async run(load) {
      const count = load.as + load.publishers;
      if (count > connected) {
        await publisher.call('connect', { target: { host, port, path, token }, count });
        connected = count;
      }
      await publisher.call('run', load);
    },
    async stop() {
      await publisher.stop();
      await end();
    },
  };
}

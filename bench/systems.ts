import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Address } from './client/stream-request.js';
import { Child } from './process/child.js';
import type { PublisherHandlers } from './publisher/main.js';
import type { ContestantSettings } from './server/contestant.js';
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
  readonly pid: number;
  readonly address: Address;
  /** A token to publish with over HTTP. */
  readonly token: string;
  /** Publishes: in its own process where it is one of the benchmark's, else over HTTP. */
  run(load: Load): Promise<void>;
  /** Its process, where it is one of the benchmark's. */
  readonly inside: Child<ServerHandlers> | undefined;
  stop(): Promise<void>;
}

const HUB_PATH = '/.well-known/mercure';
const LOCAL = { host: '127.0.0.1', tls: false, http2: false, parameter: 'match' } as const;

export async function startSystem(
  name: SystemName,
  settings: Settings,
  { maxUpdates = 10_000 }: Partial<Pick<ContestantSettings, 'maxUpdates'>> = {},
): Promise<System> {
  if (name === 'peer') return peerSystem(settings.peer!);
  if (name === 'hub-standalone') return startStandalone(settings.port);
  const inside = Child.start<ServerHandlers>('server/main.js');
  const port = await inside.call('start', { name, settings: { port: settings.port, maxUpdates } });
  const tls = name.endsWith('-tls') || name.endsWith('-http2');
  return {
    name,
    pid: inside.pid,
    address: { ...LOCAL, port, tls, http2: name.endsWith('-http2'), path: pathOf(name) },
    token: PUBLISHER_TOKEN,
    run: (load) => inside.call('run', load),
    inside,
    stop: () => inside.stop(),
  };
}

function pathOf(name: ContestantName): string {
  if (name.startsWith('hub-')) return HUB_PATH;
  if (name.startsWith('nest-post-')) return '/publications';
  return '/events';
}

/** The package's program, as `npx nestjs-mercure` starts it. */
async function startStandalone(port: number): Promise<System> {
  const program = fileURLToPath(new URL('../../dist/standalone.js', import.meta.url));
  const environment = {
    ADDR: `127.0.0.1:${port}`,
    MERCURE_PUBLISHER_JWT_KEY: KEY,
    MERCURE_SUBSCRIBER_JWT_KEY: KEY,
    MERCURE_ANONYMOUS: '1',
  };
  const child = spawn(process.execPath, [program], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const address = { ...LOCAL, port: await portTold(child), path: HUB_PATH };
  return overHttp('hub-standalone', child.pid!, address, PUBLISHER_TOKEN, async () => {
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
  return overHttp('peer', pid, address, token, () => Promise.resolve());
}

async function overHttp(
  name: SystemName,
  pid: number,
  address: Address,
  token: string,
  end: () => Promise<void>,
): Promise<System> {
  const publisher = Child.start<PublisherHandlers>('publisher/main.js');
  const { host, port, path } = address;
  let connected = 0;
  return {
    name,
    pid,
    address,
    token,
    inside: undefined,
    async run(load) {
      const count = load.publishers;
      if (count !== connected)
        await publisher.call('connect', { target: { host, port, path, token }, count });
      connected = count;
      await publisher.call('run', load);
    },
    async stop() {
      await publisher.stop();
      await end();
    },
  };
}

import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { Child } from './process/child.js';
import { descriptorLimit } from './process/usage.js';
import type { ClientHandlers } from './client/main.js';
import type { Scenario } from './scenarios/scenario.js';
import { type Peer, type Settings, UsageError } from './settings.js';
import { startSystem } from './systems.js';
import { PLAIN_LOAD } from './wire/load.js';
import { DATA_BYTES } from './wire/payload.js';

/** Files, pipes and sockets that a process has besides its streams. */
const SPARE_DESCRIPTORS = 200;
const PEER_PATIENCE_MS = 10_000;

/**
 * Everything that would spoil a run is found out before it, not after half an hour.
 *
 * @throws UsageError that says what to do
 */
export async function checkSurroundings(scenarios: readonly Scenario[], settings: Settings): Promise<void> {
  if (!existsSync('/proc/self/stat')) {
    throw new UsageError('CPU and memory are read from /proc, which only Linux has.');
  }
  const connections = Math.max(...scenarios.map((scenario) => scenario.connections));
  checkDescriptors('self', connections, 'raise "ulimit -n", or use --quick or --only.');
  await checkPort(settings.port);
  if (settings.peer) await checkPeer(settings.peer, connections, settings);
}

function checkDescriptors(pid: number | 'self', connections: number, remedy: string): void {
  const needed = connections + SPARE_DESCRIPTORS;
  const limit = descriptorLimit(pid);
  if (limit >= needed) return;
  const whose = pid === 'self' ? 'A process here' : `The peer's process ${pid}`;
  throw new UsageError(`${whose} may open ${limit} files and sockets, ${needed} are needed: ${remedy}`);
}

async function checkPort(port: number): Promise<void> {
  if (port === 0) return;
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', ({ message }) =>
      reject(new UsageError(`--port ${port} cannot be had: ${message}.`)),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}

/** Follows the peer and publishes to it once, as all scenarios will. */
async function checkPeer({ url, pid }: Peer, connections: number, settings: Settings): Promise<void> {
  if (!existsSync(`/proc/${pid}/stat`)) throw new UsageError(`--peer-pid ${pid}: there is no such process.`);
  checkDescriptors(pid, connections, 'raise its "ulimit -n", or use --only.');
  const system = await startSystem('peer', settings);
  const client = Child.start<ClientHandlers>('client/main.js');
  try {
    const { addresses, token } = system;
    const stream = {
      count: 1,
      topics: 1,
      tokens: [token],
      lastEventId: undefined,
      from: 0,
      publishers: 1,
      atOnce: 1,
    };
    const load = { ...PLAIN_LOAD, count: 1, private: true };
    // Its patience is for the peer, not for the start of the benchmark's own processes.
    await Promise.all([client.call('reset'), system.ready()]);
    const heard = client
      .call('open', { ...stream, addresses, dataBytes: DATA_BYTES })
      .then(() => system.run({ ...load, dataBytes: DATA_BYTES }))
      .then(() => client.call('reach', { deliveries: 1, topics: 1 }));
    await within(PEER_PATIENCE_MS, heard);
  } catch (error) {
    throw new UsageError(
      `The peer at ${url.href} does not do as a hub does: ${firstLine(error)}\n` +
        'Check --peer, --peer-token (to publish "*" and receive what is private) and --peer-generation.',
    );
  } finally {
    await client.stop();
    await system.stop();
  }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it does not answer within ${ms / 1000} s`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function firstLine(error: unknown): string {
  return (error as Error).message.split('\n', 1)[0]!;
}

import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { TransportHost } from '../transport/workers/transport-host.js';
import type { FromWorker, Line, ToWorker } from '../transport/workers/messages.js';
import type { Transport } from '../transport/transport.js';
import type { ServedHub } from './serve.js';
import { startError } from './start-error.js';
import { lineTo } from './worker-line.js';

/** A worker that dies is replaced, at once the first time and less and less often when it keeps dying. Milliseconds. */
const MAX_PAUSE_MS = 5_000;
/** After which a worker is taken for a healthy one. */
const SETTLED_MS = 10_000;

/** What a worker tells its primary besides what its transport does. */
export interface Started {
  readonly origin: string;
}

/**
 * Starts as many workers as asked, each the whole hub on the same port, and holds their transport.
 *
 * @throws MercureError OPTIONS_INVALID where a worker does not start: it has said why
 */
export async function serveWorkers(
  count: number,
  transport: Transport,
  complain: (line: string) => void,
): Promise<ServedHub> {
  let ending = false;
  /** Until all have started, one that ends is a start that failed. */
  let ready = false;
  const workers = new Map<Line<FromWorker, ToWorker>, Worker>();
  const host = new TransportHost(transport, (line) => workers.get(line)?.process.kill('SIGKILL'));

  const fork = (pauseMs: number): Worker => {
    const worker = cluster.fork();
    const line = lineTo<FromWorker, ToWorker>(worker);
    const born = performance.now();
    workers.set(line, worker);
    host.serve(line);
    worker.once('exit', (code, signal) => {
      workers.delete(line);
      if (ending || !ready) return;
      complain(`error: A worker ended (${signal ?? code}); its clients come back to the others`);
      const pause = performance.now() - born > SETTLED_MS ? 0 : pauseMs;
      setTimeout(() => ending || fork(Math.min(MAX_PAUSE_MS, pause * 2 + 100)), pause);
    });
    return worker;
  };

  const end = async (): Promise<void> => {
    ending = true;
    const exits = [...workers.values()].map((worker) => once(worker, 'exit'));
    for (const worker of workers.values()) worker.process.kill('SIGTERM');
    await Promise.all(exits);
    await host.close();
  };

  try {
    const origins = await Promise.all(Array.from({ length: count }, () => started(fork(0))));
    ready = true;
    return { origin: origins[0]!, close: end };
  } catch (error) {
    await end();
    throw error;
  }
}

function started(worker: Worker): Promise<string> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: Partial<Started>) => {
      if (message.origin !== undefined) resolve(message.origin);
    });
    worker.once('exit', () => reject(startError('A worker did not start', 'It has said why above.')));
  });
}

import cluster from 'node:cluster';
import { availableParallelism } from 'node:os';
import type { MercureOptions } from '../options/mercure-options.js';
import { openWorkerTransport } from '../transport/workers/worker-transport.js';
import { hubOptions } from './hub-options.js';
import { inWordsOf } from './in-words-of.js';
import { createLogger } from './logger.js';
import { readEnvironment } from './read-environment.js';
import type { Surroundings } from './run.js';
import { serveHub } from './serve.js';
import type { Started } from './serve-workers.js';
import { serverSettings } from './server-settings.js';
import type { Settings } from './settings.js';
import { lineToPrimary } from './worker-line.js';

/** Processes that share the port. 0 in the environment: one for each core. */
export function workerCount({ workers = 1 }: Settings): number {
  return workers === 0 ? availableParallelism() : workers;
}

/** Serves as one of several: the primary holds the transport, and says what is to be said of the environment. */
export async function serveAsWorker({ environment, complain, ended }: Surroundings): Promise<number> {
  const self = cluster.worker!;
  const read = readEnvironment(environment);
  const { settings, sources } = read;
  let starting = true;
  const logger = createLogger(sources, (line) => {
    // What all of them find at the start is said by one.
    if (!starting || self.id === 1) complain(line);
  });
  try {
    const hub = await inWordsOf(read, async () => {
      const transport = await openWorkerTransport(lineToPrimary());
      const options = shareOf(hubOptions(settings, sources), workerCount(settings));
      return serveHub({ ...options, transport }, serverSettings(settings, sources), logger);
    });
    starting = false;
    self.send({ origin: hub.origin } satisfies Started);
    await ended;
    await hub.close();
    return 0;
  } catch (error) {
    if (starting && self.id !== 1) return 1;
    throw error;
  }
}

/** Connections come to the workers in turn, so each has its part of what the hub may have. */
function shareOf(options: MercureOptions, workers: number): MercureOptions {
  return { ...options, maxConnections: Math.ceil((options.maxConnections ?? 0) / workers) };
}

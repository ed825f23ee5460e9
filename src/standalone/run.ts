import cluster from 'node:cluster';
import { MercureError } from '../errors.js';
import { enterApplication } from '../transport/application.js';
import { banner } from './banner.js';
import { isHealthy } from './health.js';
import { help } from './help.js';
import { hubOptions, settingWarnings } from './hub-options.js';
import { importHistory } from './import/import-history.js';
import { inWordsOf } from './in-words-of.js';
import { createLogger } from './logger.js';
import { readEnvironment } from './read-environment.js';
import { serveHub } from './serve.js';
import { serverSettings } from './server-settings.js';
import { startError } from './start-error.js';
import { serveAsWorker, workerCount } from './serve-as-worker.js';
import { serveWorkers } from './serve-workers.js';
import { chooseTransport, DEFAULT_TRANSPORT_URL } from './transport-url.js';
import { VERSION } from './version.js';

/** What the program has of the process it runs in. */
export interface Surroundings {
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly print: (line: string) => void;
  /** For warnings and errors. */
  readonly complain: (line: string) => void;
  /** What is piped into the process. */
  readonly input: () => AsyncIterable<Uint8Array>;
  /** Resolves when the process is told to end. */
  readonly ended: Promise<unknown>;
}

const COMMANDS = {
  '': serve,
  '--help': printHelp,
  '-h': printHelp,
  '--health': checkHealth,
  '--version': printVersion,
};

/** The program: resolves with its exit code. */
export async function run(surroundings: Surroundings): Promise<number> {
  try {
    const [first, file, ...more] = surroundings.args;
    if (first === 'import' && file !== undefined && more.length === 0) {
      return await importHistory(surroundings, file);
    }
    const command = COMMANDS[surroundings.args.join(' ') as keyof typeof COMMANDS];
    if (!command)
      throw startError('Unknown argument', 'The hub is configured by variables: --help lists them.');
    return await command(surroundings);
  } catch (error) {
    surroundings.complain(`error: ${error instanceof MercureError ? error.message : (error as Error).stack}`);
    return 1;
  }
}

async function serve(surroundings: Surroundings): Promise<number> {
  if (cluster.isWorker) return serveAsWorker(surroundings);
  const { environment, print, complain, ended } = surroundings;
  const read = readEnvironment(environment);
  const { settings, sources } = read;
  const warn = (warning: string): void => complain(`warning: ${warning}`);
  const options = hubOptions(settings, sources);
  const server = serverSettings(settings, sources);
  const transport = chooseTransport(
    settings.transportUrl ?? DEFAULT_TRANSPORT_URL,
    sources.get('transportUrl') ?? 'MERCURE_TRANSPORT_URL',
  );
  for (const warning of [...read.warnings, ...settingWarnings(settings, sources)]) warn(warning);
  const workers = workerCount(settings);
  const logger = createLogger(sources, complain);
  const hub = await inWordsOf(read, async () => {
    const opened = await transport.open();
    if (workers === 1) return serveHub({ ...options, transport: opened }, server, logger);
    // The hubs are in the workers, which tell it nothing.
    enterApplication(opened, {
      dispatchTimeoutMs: settings.dispatchTimeoutMs ?? 0,
      warn: (message) => void logger.warn(message),
    });
    return serveWorkers(workers, opened, complain);
  });
  print(banner(hub.origin, options, { transport: transport.label, workers }));
  await ended;
  await hub.close();
  return 0;
}

function printHelp({ print }: Surroundings): Promise<number> {
  print(help());
  return Promise.resolve(0);
}

function printVersion({ print }: Surroundings): Promise<number> {
  print(VERSION);
  return Promise.resolve(0);
}

async function checkHealth({ environment }: Surroundings): Promise<number> {
  const { settings, sources } = readEnvironment(environment);
  return (await isHealthy(serverSettings(settings, sources))) ? 0 : 1;
}

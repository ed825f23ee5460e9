import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ByteLog } from '../../support/byte-log.js';

const LAUNCHER = fileURLToPath(new URL('./run-example.mjs', import.meta.url));

/** The example as a process of its own. */
export interface BooksExample {
  readonly url: string;
  /** What it printed. */
  readonly output: ByteLog;
  /** Ends it with a signal; resolves with how it ended. */
  end(signal?: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** A folder for a database, and how to be rid of it. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'books-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Starts the example, on a free port unless told which one, and resolves when it says that it is there. */
export async function startBooks(
  environment: { DATABASE: string } & NodeJS.ProcessEnv,
): Promise<BooksExample> {
  const PORT = environment['PORT'] ?? String(await freePort());
  const { child, output, ended } = launch({ ...environment, PORT });
  await output.waitFor('Add a book:');
  return { url: `http://localhost:${PORT}`, output, end: (signal) => endProcess(child, ended, signal) };
}

/** Starts the example where it cannot start; resolves with its exit code and all it said. */
export async function refusedBooks(
  environment: { DATABASE: string } & NodeJS.ProcessEnv,
): Promise<{ code: number | null; text: string }> {
  const { output, ended } = launch(environment);
  const { code } = await ended;
  return { code, text: output.text };
}

function launch(environment: NodeJS.ProcessEnv) {
  const { PORT: _, PUBLIC_URL: __, MERCURE_PUBLISHER_JWT_KEY: ___, ...inherited } = process.env;
  const child = spawn(process.execPath, [LAUNCHER, 'books'], {
    env: { ...inherited, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = new ByteLog();
  child.stdout.on('data', (chunk: Buffer) => output.add(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.add(chunk));
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => {
      output.finish('end');
      resolve({ code, signal });
    });
  });
  return { child, output, ended };
}

async function endProcess<T>(child: ChildProcess, ended: Promise<T>, signal: NodeJS.Signals = 'SIGTERM') {
  child.kill(signal);
  return ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

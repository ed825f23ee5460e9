import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { afterEach } from 'vitest';
import { ByteLog, unhung } from '../../support/byte-log.js';

const ROOT = resolve(import.meta.dirname, '../../..');
const CACHE = join(ROOT, 'node_modules/.cache/nestjs-mercure');
const HOUR_MS = 3_600_000;

/**
 * The program as `npm run build` makes it, built where `dist/` is not touched: other hubs may be running from that. Built
 * once per state of the sources, whoever asks first.
 */
export function buildProgram(): string {
  const directory = join(CACHE, hashOfSources());
  const program = join(directory, 'standalone.js');
  if (existsSync(program)) return program;
  mkdirSync(CACHE, { recursive: true });
  for (const name of readdirSync(CACHE)) {
    const path = join(CACHE, name);
    if (Date.now() - statSync(path).mtimeMs > HOUR_MS) rmSync(path, { recursive: true, force: true });
  }
  const making = `${directory}.${process.pid}`;
  const bin = (name: string) => join(ROOT, 'node_modules/.bin', name);
  const options = { cwd: ROOT, env: { ...process.env, HUB_DIST: making } };
  execFileSync(bin('tsc'), ['-p', 'tsconfig.build.json', '--noCheck', '--outDir', making], options);
  execFileSync(bin('rolldown'), ['-c', 'rolldown.config.mjs'], { ...options, stdio: 'pipe' });
  try {
    renameSync(making, directory);
  } catch {
    // Another test was faster; it made the same.
    rmSync(making, { recursive: true, force: true });
  }
  return program;
}

function hashOfSources(): string {
  const hash = createHash('sha256');
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join('src', name));
  for (const name of [...sources.toSorted(), 'rolldown.config.mjs', 'package-lock.json']) {
    hash.update(name).update(readFileSync(join(ROOT, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

export interface Program {
  readonly pid: number;
  readonly stdout: ByteLog;
  readonly stderr: ByteLog;
  /** Of the hub, as it was printed. */
  url(): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the process has ended. */
  exit(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Starts the program with nothing in its environment but what is given; its standard input stays open without one. */
export function startProgram(
  environment: Record<string, string>,
  args: readonly string[] = [],
  program = buildProgram(),
  input?: string | Uint8Array,
): Program {
  const child = spawn(process.execPath, [program, ...args], {
    env: environment,
    // Packages are also found from where a program is started.
    cwd: dirname(program),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // It may end before it has read it.
  child.stdin.on('error', () => undefined);
  if (input !== undefined) child.stdin.end(input);
  const stdout = logOf(child.stdout);
  const stderr = logOf(child.stderr);
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((done) => {
    child.once('close', (code, signal) => done({ code, signal }));
  });
  return {
    pid: child.pid!,
    stdout,
    stderr,
    url: async () => {
      const text = await stdout.waitFor('publishers:').catch((error: Error) => {
        throw new Error(`${error.message}\n${stderr.text}`, { cause: error });
      });
      return /Mercure hub: (\S+)/.exec(text)![1]!;
    },
    kill: (signal) => child.kill(signal),
    exit: () => unhung(exited, 'the end of the program'),
  };
}

/** Programs that are ended after the test, whatever became of it. */
export function programs(): typeof startProgram {
  const started: Program[] = [];
  afterEach(async () => {
    for (const program of started) program.kill('SIGKILL');
    await Promise.all(started.splice(0).map((program) => program.exit()));
  });
  return (...settings) => {
    const program = startProgram(...settings);
    started.push(program);
    return program;
  };
}

function logOf(stream: NodeJS.ReadableStream): ByteLog {
  const log = new ByteLog();
  stream.on('data', (chunk: Buffer) => log.add(chunk));
  stream.once('end', () => log.finish('end'));
  return log;
}

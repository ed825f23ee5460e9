import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { ByteLog } from './byte-log.js';

const ROOT = resolve(import.meta.dirname, '../..');
const CACHE = join(ROOT, 'node_modules/.cache/nestjs-mercure');

/** A process of a test, which prints lines. */
export interface TypeScriptProcess {
  readonly child: ChildProcess;
  readonly output: ByteLog;
  /** How it ended. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/**
 * Makes one file of a TypeScript program of the tests and the sources it imports, in a second or two: what is started a
 * hundred times must not be compiled a hundred times. Packages are imported when it runs.
 *
 * @param entry path within `test/`
 * @returns the file's path
 */
export async function bundleProcess(entry: string): Promise<string> {
  const input = join(ROOT, 'test', entry);
  const name = createHash('sha256').update(`${input} ${process.pid} ${performance.now()}`).digest('hex');
  const bundle = await rolldown({
    input,
    platform: 'node',
    // What the compiler adds for decorators comes with it; decorators are as tsconfig.json says.
    external: (id) => /^[^./\0]/.test(id) && !id.startsWith('@oxc-project/'),
  });
  const file = join(CACHE, `process-${name.slice(0, 16)}.mjs`);
  await bundle.write({ file, format: 'esm', codeSplitting: false, keepNames: true });
  await bundle.close();
  return file;
}

/** Starts what `bundleProcess` made. */
export function startProcess(file: string, environment: Record<string, string>): TypeScriptProcess {
  const child = spawn(process.execPath, ['--enable-source-maps', file], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = new ByteLog();
  child.stdout.on('data', (chunk: Buffer) => output.add(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.add(chunk));
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((done) => {
    child.once('close', (code, signal) => {
      output.finish('end');
      done({ code, signal });
    });
  });
  return { child, output, ended };
}

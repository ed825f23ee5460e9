import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { unhung } from '../../support/byte-log.js';

const ROOT = resolve(import.meta.dirname, '../../..');
const SOURCES = join(ROOT, 'bench');

/** How a run of the benchmark ended, and what it said. */
export interface BenchRun {
  readonly code: number | null;
  readonly said: string;
}

/** The benchmark, made file by file in a moment: its types are checked by the lint step. */
export class BenchProgram {
  private readonly directory = join(ROOT, `node_modules/.cache/nestjs-mercure/bench-${process.pid}`);

  constructor() {
    const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
      config: object;
    };
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
    const compilerOptions = {
      ...options,
      module: ts.ModuleKind.ESNext,
      noEmit: false,
      sourceMap: false,
      declaration: false,
      declarationMap: false,
    };
    for (const name of readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts') || name.startsWith('dist')) continue;
      const text = readFileSync(join(SOURCES, name), 'utf8');
      const { outputText } = ts.transpileModule(text, { compilerOptions, fileName: join(SOURCES, name) });
      const file = join(this.directory, name.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, outputText);
    }
    // Below node_modules nothing else says so.
    writeFileSync(join(this.directory, 'package.json'), '{"type":"module"}');
  }

  run(...args: readonly string[]): Promise<BenchRun> {
    return this.runWith({}, ...args);
  }

  /** @param surroundings how many files and sockets a process may open; anything else is of the environment */
  async runWith(
    { descriptors, ...environment }: { readonly descriptors?: number; readonly REDIS_URL?: string },
    ...args: readonly string[]
  ): Promise<BenchRun> {
    const limit = descriptors === undefined ? '' : `ulimit -n ${descriptors}; `;
    const command = [process.execPath, join(this.directory, 'main.js'), ...args];
    const child = spawn('sh', ['-c', `${limit}exec "$@"`, 'sh', ...command], {
      cwd: ROOT,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stdout.on('data', (text: Buffer) => (said += text.toString()));
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    const ended = new Promise<number | null>((done) => child.once('close', done));
    return { code: await unhung(ended, 'the end of a benchmark'), said };
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

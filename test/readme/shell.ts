import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { ByteLog } from '../support/byte-log.js';

export const hasCurl = spawnSync('curl', ['--version']).status === 0;

/** A line of a shell, run as it stands. */
export class ShellLine {
  readonly output = new ByteLog();
  private readonly child;

  constructor(line: string, environment: Record<string, string> = {}) {
    // A group of its own: what the shell starts is ended with it.
    this.child = spawn('sh', ['-c', line], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    this.child.stdout.on('data', (chunk: Buffer) => this.output.add(chunk));
    this.child.once('close', () => this.output.finish('end'));
  }

  /** Resolves with all it printed when it has ended. */
  async ended(): Promise<string> {
    await this.output.ended();
    return this.output.text;
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.pid === undefined) return;
    process.kill(-this.child.pid);
    await once(this.child, 'close');
  }
}

/** What a line prints, without the line breaks at its end. */
export async function printed(line: string, environment: Record<string, string> = {}): Promise<string> {
  return (await new ShellLine(line, environment).ended()).trimEnd();
}

/** The key and the token of whoever follows a recipe: what its lines `export KEY=…` and `TOKEN=$(…)` make. */
export async function publisherOf(lines: readonly string[]): Promise<{ KEY: string; TOKEN: string }> {
  const one = (start: string) => lines.find((line) => line.startsWith(start))!;
  const KEY = await printed(`${one('export KEY=')}\nprintenv KEY`);
  const TOKEN = await printed(`${one('TOKEN=')}\necho "$TOKEN"`, { KEY });
  return { KEY, TOKEN };
}

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Handlers, Reply } from './calls.js';

/** `gc()` for measurements of memory; a heap that holds a million updates. */
const NODE_FLAGS = ['--expose-gc', '--max-old-space-size=8192'];

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A process of the benchmark's own, and what it can be asked for. */
export class Child<H extends Handlers> {
  private readonly waiting = new Map<number, Waiting>();
  private calls = 0;
  private ended = false;

  private constructor(
    private readonly name: string,
    private readonly process: ChildProcess,
  ) {
    process.on('message', ({ id, result, error }: Reply) => {
      const { resolve, reject } = this.waiting.get(id)!;
      this.waiting.delete(id);
      if (error === undefined) resolve(result);
      else reject(new Error(`${name}: ${error}`));
    });
    process.once('exit', (code, signal) => {
      this.ended = true;
      const gone = new Error(`${name} ended (${signal ?? code}) while it was asked for something`);
      for (const { reject } of this.waiting.values()) reject(gone);
    });
  }

  /** @param script of this directory's parent, as compiled */
  static start<H extends Handlers>(script: string): Child<H> {
    const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
    return new Child<H>(script, fork(path, { execArgv: NODE_FLAGS }));
  }

  get pid(): number {
    return this.process.pid!;
  }

  call<N extends keyof H & string>(
    name: N,
    ...[argument]: Parameters<H[N]>
  ): Promise<Awaited<ReturnType<H[N]>>> {
    return new Promise((resolve, reject) => {
      const id = this.calls++;
      this.waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
      this.process.send({ id, name, argument });
    });
  }

  async stop(): Promise<void> {
    if (this.ended) return;
    this.process.kill('SIGKILL');
    await once(this.process, 'exit');
  }
}

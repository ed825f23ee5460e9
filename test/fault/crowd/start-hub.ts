import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import type { Reply } from '../../../bench/process/calls.js';
import { ByteLog } from '../../support/byte-log.js';
import { bundleProcess } from '../../support/typescript-process.js';
import type { HubHandlers, HubSettings } from './hub.js';

/** `gc()` for what is measured of memory; room for a history of a million updates. */
const NODE_FLAGS = ['--expose-gc', '--max-old-space-size=8192', '--enable-source-maps'];

let bundled: Promise<string> | undefined;

/** A process that is ended with the test, whatever became of it. */
export class HubProcess {
  /** Where it listens. */
  port = 0;
  readonly output = new ByteLog();
  private readonly waiting = new Map<
    number,
    { resolve: (result: unknown) => void; reject: (error: Error) => void }
  >();
  private calls = 0;

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (chunk: Buffer) => this.output.add(chunk));
    }
    child.on('message', ({ id, result, error }: Reply) => {
      const { resolve, reject } = this.waiting.get(id)!;
      this.waiting.delete(id);
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    });
    child.once('exit', () => {
      this.output.finish('end');
      for (const { reject } of this.waiting.values()) reject(new Error(`It has ended: ${this.output.text}`));
    });
  }

  static async start(environment: Record<string, string> = {}): Promise<HubProcess> {
    bundled ??= bundleProcess('fault/crowd/hub.ts');
    const child = fork(await bundled, {
      execArgv: NODE_FLAGS,
      env: { ...process.env, NO_COLOR: '1', ...environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const started = new HubProcess(child);
    onTestFinished(() => started.kill());
    return started;
  }

  get pid(): number {
    return this.child.pid!;
  }

  call<N extends keyof HubHandlers>(
    name: N,
    ...[argument]: Parameters<HubHandlers[N]>
  ): Promise<Awaited<ReturnType<HubHandlers[N]>>> {
    return new Promise((resolve, reject) => {
      const id = this.calls++;
      this.waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.child.send({ id, name, argument });
    });
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}

/** A hub that listens. */
export async function startHub(
  settings: HubSettings,
  environment?: Record<string, string>,
): Promise<HubProcess> {
  const hub = await HubProcess.start(environment);
  hub.port = await hub.call('start', settings);
  return hub;
}

/** `node:http` in its place. */
export async function startPlain(): Promise<HubProcess> {
  const plain = await HubProcess.start();
  plain.port = await plain.call('startPlain');
  return plain;
}

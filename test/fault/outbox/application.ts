import { open, send, type StreamedResponse } from '../../support/http-client.js';
import { bundleProcess, startProcess, type TypeScriptProcess } from '../../support/typescript-process.js';
import { unhung } from '../../support/byte-log.js';
import type { SharedDatabase } from './database.js';

/** `log`: the hub's log lies in the same database. Else a relay carries what is in the outbox's table. */
export type OutboxTransport = 'log' | 'memory' | 'redis';

let program: Promise<string> | undefined;

/** The program beside this file, which may be killed and started again. */
export class Application {
  #process!: TypeScriptProcess;
  #origin = '';

  /** @param prefix of what it has in Redis */
  constructor(
    private readonly database: SharedDatabase,
    private readonly transport: OutboxTransport,
    private readonly prefix: string,
    private readonly delivery: 'outbox' | 'memory' = 'outbox',
  ) {}

  async start(): Promise<void> {
    program ??= bundleProcess('fault/outbox/program.ts');
    this.#process = startProcess(await program, {
      DATABASE: this.database.place,
      TRANSPORT: this.transport,
      PREFIX: this.prefix,
      DELIVERY: this.delivery,
    });
    const text = await this.#process.output.waitFor((said) => /listening \S+\n/.test(said));
    this.#origin = /listening (\S+)/.exec(text)![1]!;
  }

  async post(path: string): Promise<void> {
    const { status, text } = await send(`${this.#origin}/${path}`, { method: 'POST' });
    if (status !== 201) throw new Error(`POST /${path}: ${status} ${text}\n${this.output}`);
  }

  /** A stream of everything, from the oldest that is kept. */
  follow(): Promise<StreamedResponse> {
    return open(`${this.#origin}/.well-known/mercure`, {
      query: { match: '*', last_event_id: 'earliest' },
    });
  }

  /** Resolves when it has printed that. */
  async said(text: string): Promise<void> {
    await this.#process.output.waitFor(text);
  }

  /** What it printed. */
  get output(): string {
    return this.#process.output.text;
  }

  /** Resolves with the signal that ended it. */
  async ended(): Promise<NodeJS.Signals | null> {
    return (await unhung(this.#process.ended, () => `the end of the process, which said ${this.output}`))
      .signal;
  }

  async stop(): Promise<void> {
    this.#process?.child.kill('SIGKILL');
    await this.#process?.ended;
  }
}

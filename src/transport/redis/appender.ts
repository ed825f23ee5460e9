import { randomBytes } from 'node:crypto';
import type { Update } from '../../update/update.js';
import type { OnceWindow } from '../abilities.js';
import type { AppendKind } from '../transport.js';
import { AppendQueue, type Publication, settle } from './append-queue.js';
import type { Connection } from './connection.js';
import { headOf } from './entry.js';
import { bodyDigest } from '../body-digest.js';
import { closed, idConflict } from '../refusals.js';
import { isAnswer, isPassing, isRefusing, unavailable } from './failures.js';
import type { Keys } from './keys.js';
import { APPEND, CLAIM } from './lua/append.js';
import { stampNoise } from './position.js';
import type { RedisSettings } from './redis-options.js';
import { type Client, Script } from './script.js';

/** Number of the call, epoch, newest entry, per publication the id it conflicts in or ''. */
type Answer = readonly [call: number, epoch: string, last: string, conflicts: readonly string[]];

interface Outcome<A> {
  readonly answer: A;
  /** Whether as many replicas have it as were asked for. */
  readonly isSafe: boolean;
}

const append = new Script<Answer>(APPEND);
const claim = new Script<Answer | null>(CLAIM);

/** How long a server remembers the newest call of a node: longer than anybody waits for its answer. Milliseconds. */
const REMEMBER_MS = 600_000;
/** Between two looks whether the server is back. Milliseconds. */
const PAUSE_MS = 20;

export interface AppenderOptions {
  readonly connection: Connection;
  readonly keys: Keys;
  readonly settings: RedisSettings;
  readonly node: string;
  /** Told of the newest entry of each call that is stored, before its publications are. */
  readonly stored: (generation: number, epoch: string, entry: string) => void;
  /** Whether the server keeps what `durability` promises; asked of each connection, which may lead to another server. */
  readonly isFit: () => Promise<boolean>;
}

/**
 * Sends what is published: what comes in one turn of the event loop, or while a call is under way, is the next call.
 * One call at a time, so that a call whose answer was lost can be asked after before anything follows it.
 */
export class Appender {
  /** Topics whose newest update is retained; 0: none are. */
  maxTopics = 0;
  private readonly queue: AppendQueue;
  private draining: Promise<void> | undefined;
  private calls = 0;
  /** The connection whose server was found fit. */
  private fitGeneration = 0;
  /** Whether what was published last was refused. */
  private refusing = false;
  private closed = false;

  constructor(private readonly options: AppenderOptions) {
    this.queue = new AppendQueue(options.settings.timeoutMs);
  }

  append(updates: readonly Update[], kind: AppendKind | 'once', window?: OnceWindow): Promise<void> {
    if (this.closed) return Promise.reject(closed());
    if (updates.length === 0) return Promise.resolve();
    const stored = this.queue.add(updates, kind, window);
    this.draining ??= this.drain();
    return stored;
  }

  /**
   * Resolves where publications would be stored as promised. A server that answers may have no memory, disk or replicas
   * left: where it has refused something it has to show that it can be written to.
   *
   * @throws MercureError TRANSPORT_UNAVAILABLE
   */
  async check(): Promise<void> {
    const { connection, keys } = this.options;
    await connection.ask((client) => client.hget(keys.meta, 'epoch'));
    if (!(await this.mayStore())) throw unavailable('Redis does not sync what it acknowledges');
    if (!this.refusing) return;
    const isSafe = await connection.ask(async (client) => {
      await client.hincrby(keys.meta, 'probe', 1);
      return this.isSafe(client);
    }, this.patienceMs);
    if (!isSafe) throw unavailable('too few replicas answer');
    this.refusing = false;
  }

  /** Resolves when what was accepted is stored or refused. */
  async close(): Promise<void> {
    this.closed = true;
    await this.draining;
    this.queue.rejectAll(closed());
  }

  private async drain(): Promise<void> {
    await new Promise<void>((endOfTick) => setImmediate(endOfTick));
    while (!this.queue.isEmpty) {
      if (await this.mayStore()) await this.send(this.queue.take());
      else await pause();
    }
    this.draining = undefined;
  }

  private async mayStore(): Promise<boolean> {
    const { connection, isFit } = this.options;
    const { generation, isReady } = connection;
    if (isReady && generation !== this.fitGeneration && (await isFit())) this.fitGeneration = generation;
    return isReady && generation === this.fitGeneration;
  }

  private async send(publications: readonly Publication[]): Promise<void> {
    const call = ++this.calls;
    const { generation } = this.options.connection;
    try {
      this.settle(publications, await this.ask(append, call, this.argumentsOf(publications)), generation);
    } catch (error) {
      if (isAnswer(error)) await this.refuse(publications, error);
      else await this.resolveDoubt(call, publications, error);
    }
  }

  private ask<A extends Answer | null>(
    script: Script<A>,
    call: number,
    args: readonly string[],
  ): Promise<Outcome<A>> {
    const { connection, keys, node } = this.options;
    const ownKeys =
      script === (append as Script<unknown>) ? [...keys.history, keys.call(node)] : [keys.call(node)];
    return connection.send(async (client) => {
      const answer = await script.run(client, ownKeys, [call, REMEMBER_MS, ...args]);
      return { answer, isSafe: await this.isSafe(client) };
    }, this.patienceMs);
  }

  /** As long again where it waits for its replicas. */
  private get patienceMs(): number {
    const { durability, timeoutMs } = this.options.settings;
    return durability === 'replicated' ? 2 * timeoutMs : timeoutMs;
  }

  private async isSafe(client: Client): Promise<boolean> {
    const { durability, replicas, timeoutMs } = this.options.settings;
    return durability !== 'replicated' || (await client.wait(replicas, timeoutMs)) >= replicas;
  }

  private settle(
    publications: readonly Publication[],
    { answer, isSafe }: Outcome<Answer>,
    generation: number,
  ): void {
    const [, epoch, last, conflicts] = answer;
    this.options.stored(generation, epoch, last);
    this.refusing = !isSafe;
    for (const [index, each] of publications.entries()) {
      const conflict = conflicts[index];
      if (conflict) settle(each, idConflict(conflict));
      else
        settle(each, isSafe ? undefined : unavailable('too few replicas have it, and it may be delivered'));
    }
  }

  /** The server's answer is an error: nothing was stored. */
  private async refuse(publications: readonly Publication[], error: Error): Promise<void> {
    if (isPassing(error)) {
      await pause();
      this.queue.putBack(publications, 'together');
    } else if (isRefusing(error) || publications.length === 1) {
      this.refusing = isRefusing(error);
      for (const each of publications) settle(each, unavailable('Redis refuses what is stored', error));
    } else {
      // One of them may be what it cannot take: the others must not suffer for it.
      this.queue.putBack(publications, 'alone');
    }
  }

  /** No answer came: whether it was stored is asked before anything else is sent. */
  private async resolveDoubt(
    call: number,
    publications: readonly Publication[],
    error: unknown,
  ): Promise<void> {
    const { connection } = this.options;
    for (;;) {
      for (const each of publications.filter(({ deadline }) => deadline <= performance.now())) {
        settle(each, unavailable('Redis is away, and what was sent may be stored', error));
      }
      if (this.closed && publications.every(({ settled }) => settled)) return;
      const { generation } = connection;
      const outcome = await this.ask(claim, call, []).catch(() => undefined);
      if (outcome?.answer) {
        this.settle(publications, { ...outcome, answer: outcome.answer }, generation);
        return;
      }
      if (outcome) {
        // The connection may have broken for what one of them is.
        this.queue.putBack(publications, 'alone');
        return;
      }
      await pause();
    }
  }

  private argumentsOf(publications: readonly Publication[]): string[] {
    const { size, bytes } = this.options.settings;
    const window = publications.find((each) => each.window)?.window ?? { maxAgeMs: 0, maxCount: 0 };
    const bounds = [size, bytes, this.maxTopics, window.maxAgeMs, window.maxCount].map(String);
    const args = [String(stampNoise()), newEpoch(), ...bounds];
    for (const { kind, updates } of publications) {
      args.push(kind, String(updates.length));
      for (const update of updates) {
        const head = headOf(update);
        args.push(update.id, head, update.data, kind === 'once' ? bodyDigest(update) : '');
      }
    }
    return args;
  }
}

/** Names one life of a history. */
export function newEpoch(): string {
  return randomBytes(6).toString('base64url');
}

function pause(): Promise<void> {
  return new Promise((resume) => setTimeout(resume, PAUSE_MS));
}

import type { PresenceEntry } from '../transport/abilities.js';
import type { Transport } from '../transport/transport.js';
import { type Choices, choices } from './choices.js';
import { ContractNode } from './contract-node.js';
import type { StoreBounds, TransactionUnderTest, TransportUnderTest } from './transport-under-test.js';

const PATIENCE_MS = 20_000;

/** A promise of the contract, and what shows that it is kept. */
export interface Row {
  readonly promise: string;
  /** Of the store it is played on. */
  readonly bounds?: StoreBounds;
  readonly play: (bench: Bench) => Promise<void>;
}

/** Where one row is played: a store of its own, and the nodes on it. */
export class Bench {
  readonly patienceMs: number;
  private readonly opened: Transport[] = [];

  private constructor(
    readonly subject: TransportUnderTest<unknown>,
    private readonly store: unknown,
    readonly choices: Choices,
  ) {
    this.patienceMs = subject.patienceMs ?? PATIENCE_MS;
  }

  static async play(subject: TransportUnderTest<unknown>, { bounds = {}, play }: Row): Promise<void> {
    const seed = subject.seed ?? Math.floor(Math.random() * 2 ** 31);
    const bench = new Bench(subject, await subject.makeStore(bounds), choices(seed));
    try {
      await play(bench);
    } catch (error) {
      if (error instanceof Error) error.message += ` (seed ${seed})`;
      throw error;
    } finally {
      await bench.clear();
    }
  }

  /** A node's transport, not started; closed with the row. */
  open(): Transport {
    const transport = this.subject.open(this.store);
    this.opened.push(transport);
    return transport;
  }

  /** A node that is started. */
  node(): Promise<ContractNode> {
    return ContractNode.start(this.open(), this.patienceMs);
  }

  nodes(count: number): Promise<ContractNode[]> {
    return Promise.all(Array.from({ length: count }, () => this.node()));
  }

  async slowDown(): Promise<void> {
    await this.subject.slowDown?.(this.store);
  }

  takeAway(): Promise<() => Promise<void>> {
    return this.subject.takeAway!(this.store);
  }

  wipe(): Promise<void> {
    return this.subject.wipe!(this.store);
  }

  spawn(entries: readonly PresenceEntry[]): Promise<() => Promise<void>> {
    return this.subject.spawn!(this.store, entries);
  }

  begin(): Promise<TransactionUnderTest> {
    return this.subject.begin!(this.store);
  }

  /** Asks again and again until something is so that no event tells, like a trim in the background. */
  async eventually(what: string, condition: () => Promise<boolean>): Promise<void> {
    const started = performance.now();
    while (!(await condition())) {
      if (performance.now() - started > this.patienceMs) throw new Error(`Never came true: ${what}`);
      await new Promise((resume) => setTimeout(resume, 10));
    }
  }

  /** A promise that must not hang. */
  async inTime<T>(what: string, promise: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const guard = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`Never came: ${what}`)), this.patienceMs);
    });
    return Promise.race([promise, guard]).finally(() => clearTimeout(timer));
  }

  /** Lets a random little time pass, and often none. */
  async dawdle(): Promise<void> {
    const ms = this.choices.below(8) - 4;
    if (ms > 0) await new Promise((resume) => setTimeout(resume, ms));
    else if (ms < -2) await new Promise((resume) => setImmediate(resume));
  }

  private async clear(): Promise<void> {
    // What fails here is not what the row is about; `close` has a row of its own.
    await Promise.allSettled(this.opened.map((transport) => transport.close()));
    await this.subject.dropStore(this.store);
  }
}

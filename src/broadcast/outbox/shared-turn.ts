import { AsyncLocalStorage } from 'node:async_hooks';
import type { QueryRunner } from 'typeorm';
import { hasTransaction } from '../open-transactions.js';

/**
 * Short transactions on a runner that every caller of the DataSource shares (SQLite). While one is open, those that
 * begin a transaction wait for its end: TypeORM would make savepoints of theirs, and their ROLLBACK would take along a
 * write that was acknowledged. What joins it without beginning one, such as a `save()` meanwhile, is committed with it.
 */
export class SharedTurn {
  #end: Promise<void> | undefined;
  /** Whoever is called from within a turn does not wait for it: a hook of the application that writes more. */
  readonly #within = new AsyncLocalStorage<Promise<void>>();

  constructor(private readonly runner: QueryRunner) {
    const start = runner.startTransaction.bind(runner);
    runner.startTransaction = async (...values) => {
      while (this.#isInTheWay) await this.#end;
      return start(...values);
    };
  }

  /** Does some work in a transaction: its own, or the one that the application has open, which the work would join anyway. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    while (this.#isInTheWay) await this.#end;
    // TypeORM does not know of one that was begun in SQL.
    if (this.runner.isTransactionActive || hasTransaction(this.runner)) return work();
    let over!: () => void;
    const end = new Promise<void>((resolve) => (over = resolve));
    this.#end = end;
    try {
      return await this.#within.run(end, () => this.#transaction(work));
    } finally {
      this.#end = undefined;
      over();
    }
  }

  /** Whether somebody else's turn is on. */
  get #isInTheWay(): boolean {
    return this.#end !== undefined && this.#within.getStore() !== this.#end;
  }

  /** A statement that failed has written nothing, but others may have joined the transaction: it is committed for them. */
  async #transaction<T>(work: () => Promise<T>): Promise<T> {
    const { runner } = this;
    await runner.startTransaction();
    const outcome = await Promise.allSettled([work()]);
    try {
      await runner.commitTransaction();
    } catch (error) {
      await runner.rollbackTransaction().catch(() => undefined);
      throw error;
    }
    const [done] = outcome;
    if (done.status === 'rejected') throw done.reason;
    return done.value;
  }
}

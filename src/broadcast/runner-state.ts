import type { QueryRunner } from 'typeorm';
import { CommitBuffer } from './commit-buffer.js';
import type { Reservation } from './reservation.js';

/** What is known of one connection's transactions. */
export class RunnerState {
  readonly buffer = new CommitBuffer();
  /** Transactions and savepoints begun so far: two equal readings mean that none began between them. */
  starts = 0;
  /** Whether the newest INSERT had a clause for conflicts. */
  upsert = false;
  /** COMMIT was answered ROLLBACK: the server had aborted the transaction long before. */
  aborted = false;
  /** What was made of the buffer's first `changes` before COMMIT was sent, and its place in the queue. */
  prepared: { readonly changes: number; readonly place: Reservation } | undefined;
  #waiting: (() => void)[] = [];

  /** The transaction is over, with everything that was remembered of it. */
  end(): void {
    this.buffer.end();
    this.prepared = undefined;
    this.aborted = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  /** Resolves when the runner has no transaction open. */
  async idle(runner: QueryRunner): Promise<void> {
    while (runner.isTransactionActive) await new Promise<void>((resume) => this.#waiting.push(resume));
  }
}

/**
 * State by query runner: on PostgreSQL one per operation, forgotten with it; on SQLite one for the life of the
 * DataSource, shared by every caller.
 */
export class RunnerStates {
  readonly #states = new WeakMap<QueryRunner, RunnerState>();

  of(runner: QueryRunner): RunnerState {
    let state = this.#states.get(runner);
    if (!state) this.#states.set(runner, (state = new RunnerState()));
    return state;
  }
}

import type { QueryRunner } from 'typeorm';
import type { Change } from './change.js';
import { Announced } from './announced.js';
import { CommitBuffer } from './commit-buffer.js';
import type { Prepared } from './delivery.js';
import type { Row } from './read-entities.js';
import type { Unlinkings } from './unlinkings.js';

/** What is known of one connection's transactions. */
export class RunnerState {
  readonly buffer = new CommitBuffer();
  /** Transactions and savepoints begun so far: two equal readings mean that none began between them. */
  starts = 0;
  /** Transactions that were over so far: a reading that is old says that what was done meanwhile is for nothing. */
  ends = 0;
  /** Whether the newest INSERT had a clause for conflicts. */
  upsert = false;
  /** Whether a statement has just written outside a transaction, and its event may not have fired yet. */
  eventDue = false;
  /** Whether the open transaction began while one was due: what is recorded in it may be committed already. */
  doubtful = false;
  /** Rows that are about to be removed, by `Change.key`, with what their events will not say. */
  readonly removing = new Map<string, Row>();
  /** Links that statements remove without an event that names them. */
  unlinkings: Unlinkings | undefined;
  /** Orphans that will be set free, by statements that know which. */
  readonly orphans = new Announced();
  /** Writes whose rows are named by their statement: events of theirs will come that name none. */
  readonly observed = new Announced();
  /** What was done for the buffer's first `changes` before COMMIT was sent. */
  prepared: Prepared | undefined;
  #waiting: (() => void)[] = [];

  /** A statement wrote outside a transaction. Between it and its event there are only microtasks. */
  wroteAlone(): void {
    if (this.eventDue) return;
    this.eventDue = true;
    setImmediate(() => (this.eventDue = false));
  }

  /** The transaction is over, with everything that was remembered of it; returns what was recorded in it. */
  end(): readonly Change[] {
    const changes = this.buffer.end();
    this.ends += 1;
    this.prepared = undefined;
    this.doubtful = false;
    this.removing.clear();
    this.orphans.clear();
    this.observed.clear();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
    return changes;
  }

  /** Resolves when the runner has no transaction open. */
  async idle(runner: QueryRunner): Promise<void> {
    while (runner.isTransactionActive) await new Promise<void>((resume) => this.whenOver(resume));
  }

  /** Calls back when the open transaction is over, in that same turn: nobody else's has begun yet. */
  whenOver(callback: () => void): void {
    this.#waiting.push(callback);
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

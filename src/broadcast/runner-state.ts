import type { QueryRunner } from 'typeorm';
import type { Change } from './change.js';
import { Announced } from './announced.js';
import { CommitBuffer } from './commit-buffer.js';
import type { Prepared } from './delivery.js';
import { connectionOf, isInTransactionAlready } from './driver-traits.js';
import { setTransaction } from './open-transactions.js';
import type { Row } from './read-entities.js';
import type { Unlinkings } from './unlinkings.js';

/** What is known of one connection's transactions. */
export class RunnerState {
  readonly buffer = new CommitBuffer();
  /** Transactions begun so far: two equal readings mean that none began between them. */
  starts = 0;
  /** Transactions that were over so far: a reading that is old says that what was done meanwhile is for nothing. */
  ends = 0;
  /** Statements that have just written outside a transaction, and whose events may not have fired yet. */
  #due = 0;
  #isHearing = false;
  /** Whether what is recorded in the open transaction may be committed already, whatever becomes of it. */
  doubtful = false;
  /** Whether what is recorded in the open transaction may be undone already. */
  shaky = false;
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

  /** @param open where those states are while they have a transaction open, by connection */
  constructor(
    private runner: QueryRunner,
    private readonly open: WeakMap<object, RunnerState>,
  ) {
    // Its transaction began before anybody followed it.
    if (isInTransactionAlready(runner)) this.begin();
  }

  /** Whether the database has a transaction open. */
  get isOpen(): boolean {
    return this.buffer.isOpen;
  }

  /** @param savepoint the name of the one that it began with, where it began with one */
  begin(savepoint?: string): void {
    this.starts += 1;
    // Where its runner is shared, the event will fire in the transaction.
    this.doubtful ||= this.#due > 0;
    this.buffer.begin(savepoint);
    setTransaction(this.runner, true);
    const connection = connectionOf(this.runner);
    if (connection) this.open.set(connection, this);
  }

  /** Another runner has its connection now, with the transaction that is open there. */
  inheritedBy(runner: QueryRunner): void {
    setTransaction(this.runner, false);
    this.runner = runner;
    setTransaction(runner, true);
  }

  /** A statement wrote outside a transaction. Between it and its event there are only microtasks. */
  wroteAlone(): void {
    this.#due += 1;
    if (this.#due === 1) setImmediate(() => (this.#due = 0));
  }

  /** An event fired, with those of the other rows of its statement: outside a transaction it is that of a due one. */
  heard(): void {
    if (this.isOpen || this.#due === 0 || this.#isHearing) return;
    this.#isHearing = true;
    queueMicrotask(() => {
      this.#due -= Math.min(this.#due, 1);
      this.#isHearing = false;
    });
  }

  /** The transaction is over, with everything that was remembered of it; returns what was recorded in it. */
  end(): readonly Change[] {
    const changes = this.buffer.end();
    this.ends += 1;
    setTransaction(this.runner, false);
    const connection = connectionOf(this.runner);
    if (connection) this.open.delete(connection);
    this.prepared = undefined;
    this.doubtful = false;
    this.shaky = false;
    this.removing.clear();
    this.orphans.clear();
    this.observed.clear();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
    return changes;
  }

  /** Resolves when no transaction is open. */
  async idle(): Promise<void> {
    while (this.isOpen) await new Promise<void>((resume) => this.whenOver(resume));
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
  readonly #open = new WeakMap<object, RunnerState>();

  of(runner: QueryRunner): RunnerState {
    let state = this.#states.get(runner);
    if (!state) this.#states.set(runner, (state = new RunnerState(runner, this.#open)));
    return state;
  }

  /**
   * The state of a runner that is about to send a statement. Its connection may come from the pool with a transaction
   * that the last runner left open: TypeORM sends no ROLLBACK where a subscriber of the application throws before it.
   * What this runner commits or rolls back is then that transaction.
   */
  sending(runner: QueryRunner): RunnerState {
    const connection = connectionOf(runner);
    const left = connection && this.#open.get(connection);
    if (!left || left === this.#states.get(runner)) return this.of(runner);
    left.inheritedBy(runner);
    this.#states.set(runner, left);
    return left;
  }
}

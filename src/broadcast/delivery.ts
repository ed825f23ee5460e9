import type { DataSource, QueryRunner } from 'typeorm';
import type { Change } from './change.js';
import type { OutboxStatus } from './outbox/outbox.js';
import type { RunnerState } from './runner-state.js';

/** What was done for a transaction before COMMIT was sent. */
export interface Prepared {
  /** How many of its changes it stands for, from the first. */
  readonly changes: number;
  /** The database has said that it is committed. */
  commit(): void;
  /** It is not, and will not be. */
  abandon(): void;
  /** COMMIT has failed, and may be sent again. Returns what is still there of it then. */
  commitFailed(): Prepared | undefined;
}

/**
 * Why a change was not read in a transaction before its commit: it was in none (`autocommit`), or came when the updates
 * of its transaction had been made already (`late`).
 */
export type Unprepared = 'autocommit' | 'late';

/** How changes get from the transaction that made them to the hub. */
export interface Delivery {
  /**
   * Does what must be done while a transaction's own writes are still its own, and remembers it in the state. It is
   * called just before the outermost commit; again, where COMMIT failed and is sent again.
   *
   * @throws MercureError BROADCAST_FAILED where the transaction must not be committed; what the database said where it has
   * rolled it back
   */
  prepare(state: RunnerState, runner: QueryRunner): Promise<void>;

  /** Tells a committed change from the table as it is when the turn comes. Never throws. */
  later(change: Change, dataSource: DataSource, why: Unprepared): void;

  /** Resolves when everything that was committed before is with the hub, or given up. */
  flush(): Promise<void>;

  /** What waits, of each DataSource where something can. */
  status(): Promise<readonly OutboxStatus[]>;

  /** Begins delivering for a DataSource that is initialized. @throws MercureError OPTIONS_INVALID */
  open(dataSource: DataSource): Promise<void>;

  /**
   * Ends delivering, for one DataSource or for all, when what is committed and still in memory is handed over, or after
   * five seconds. What is stored stays there; what transactions still commit is stored too. Never rejects.
   */
  close(dataSource?: DataSource): Promise<void>;
}

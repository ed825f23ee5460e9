import type { Prepared } from './delivery.js';
import type { Broadcasting, QueueEntry } from './publish-queue.js';

/** What a transaction that is about to commit will publish. */
export interface Reserved {
  readonly broadcasts: readonly Broadcasting[];
  /** How many of the transaction's changes it stands for. */
  readonly changes: number;
  /** How many rows are told only when its turn has come. */
  readonly open: number;
  /** Tells everything, with those in their places. Called once, when it is committed and has its turn. Never rejects. */
  readonly rest: () => Promise<readonly Broadcasting[]>;
}

/** The place of a transaction that is about to commit: filled when it has, given up when it has not. */
export class Reservation implements QueueEntry, Prepared {
  readonly #ended: Promise<void>;
  #end!: () => void;
  #isCommitted: boolean | undefined;

  constructor(private readonly reserved: Reserved) {
    this.#ended = new Promise((resolve) => (this.#end = resolve));
  }

  get changes(): number {
    return this.reserved.changes;
  }

  get size(): number {
    return this.reserved.broadcasts.length + this.reserved.open;
  }

  get settled(): readonly Broadcasting[] | undefined {
    if (this.#isCommitted === false) return [];
    return this.#isCommitted && this.reserved.open === 0 ? this.reserved.broadcasts : undefined;
  }

  async take(): Promise<readonly Broadcasting[]> {
    await this.#ended;
    return this.settled ?? this.reserved.rest();
  }

  commit(): void {
    this.#settle(true);
  }

  abandon(): void {
    this.#settle(false);
  }

  /** Nobody waits for it: a later COMMIT takes a place of its own. */
  commitFailed(): undefined {
    this.abandon();
  }

  /** Only the first time counts. */
  #settle(isCommitted: boolean): void {
    this.#isCommitted ??= isCommitted;
    this.#end();
  }
}

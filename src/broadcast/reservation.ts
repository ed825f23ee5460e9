import type { Prepared } from './delivery.js';
import type { Broadcasting, QueueEntry } from './publish-queue.js';

/** The place of a transaction that is about to commit: filled when it has, given up when it has not. */
export class Reservation implements QueueEntry, Prepared {
  readonly #outcome: Promise<readonly Broadcasting[]>;
  #settle!: (broadcasts: readonly Broadcasting[]) => void;
  #settled: readonly Broadcasting[] | undefined;

  /** @param changes how many of the transaction's changes it stands for */
  constructor(
    private readonly broadcasts: readonly Broadcasting[],
    readonly changes: number,
  ) {
    this.#outcome = new Promise((resolve) => {
      this.#settle = (broadcasts) => resolve((this.#settled ??= broadcasts));
    });
  }

  get size(): number {
    return this.broadcasts.length;
  }

  get settled(): readonly Broadcasting[] | undefined {
    return this.#settled;
  }

  take(): Promise<readonly Broadcasting[]> {
    return this.#outcome;
  }

  commit(): void {
    this.#settle(this.broadcasts);
  }

  abandon(): void {
    this.#settle([]);
  }

  /** Nobody waits for it: a later COMMIT takes a place of its own. */
  commitFailed(): undefined {
    this.abandon();
  }
}

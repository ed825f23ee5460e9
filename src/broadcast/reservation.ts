import type { Broadcasting, QueueEntry } from './publish-queue.js';

/** The place of a transaction that is about to commit: filled when it has, given up when it has not. */
export class Reservation implements QueueEntry {
  readonly #outcome: Promise<readonly Broadcasting[]>;
  #settle!: (broadcasts: readonly Broadcasting[]) => void;

  constructor(private readonly broadcasts: readonly Broadcasting[]) {
    this.#outcome = new Promise((resolve) => (this.#settle = resolve));
  }

  get size(): number {
    return this.broadcasts.length;
  }

  take(): Promise<readonly Broadcasting[]> {
    return this.#outcome;
  }

  /** The database has said that it is committed. */
  commit(): void {
    this.#settle(this.broadcasts);
  }

  /** It is not, and will not be. */
  abandon(): void {
    this.#settle([]);
  }
}

import type { Change } from './change.js';

/**
 * The changes of one connection's open transaction: a stack with a frame per transaction and savepoint, kept exactly
 * as the database keeps its own. It is never stored in `queryRunner.data`, which `save(x, { data })` replaces.
 */
export class CommitBuffer {
  #frames: Change[][] = [];

  /** Every change that would be committed now, in the order recorded. */
  get changes(): readonly Change[] {
    return this.#frames.flat();
  }

  /** The transaction and its savepoints that are open. */
  get depth(): number {
    return this.#frames.length;
  }

  /** A transaction or savepoint began. */
  begin(): void {
    this.#frames.push([]);
  }

  /** Appends to the innermost frame; a subscriber that was attached in the middle of a transaction has none yet. */
  record(change: Change): void {
    if (this.#frames.length === 0) this.begin();
    this.#frames.at(-1)?.push(change);
  }

  /**
   * A savepoint was released: its changes are now its parent's. Only ever after the fact, because a RELEASE that fails
   * is followed by a rollback to the savepoint, and the frame must still be there to be dropped.
   */
  release(): void {
    const inner = this.#frames.pop() ?? [];
    for (const change of inner) this.record(change);
  }

  /** Rolled back to the savepoint; returns what it had. */
  rollback(): readonly Change[] {
    return this.#frames.pop() ?? [];
  }

  /** The transaction is over, whatever savepoints were still open (`await using` commits over them); returns what it had. */
  end(): readonly Change[] {
    const { changes } = this;
    this.#frames = [];
    return changes;
  }
}

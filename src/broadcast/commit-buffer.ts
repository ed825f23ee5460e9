import type { Change } from './change.js';

interface Frame {
  /** Of its savepoint; the transaction itself has none. */
  readonly name: string | undefined;
  changes: Change[];
}

/**
 * The changes of one connection's open transaction: a stack with a frame for the transaction and for each savepoint,
 * kept exactly as the database keeps its own, by the statements that it answered. It is never stored in
 * `queryRunner.data`, which `save(x, { data })` replaces.
 */
export class CommitBuffer {
  #frames: Frame[] = [];

  get isOpen(): boolean {
    return this.#frames.length > 0;
  }

  /** Every change that would be committed now, in the order recorded. */
  get changes(): readonly Change[] {
    return this.#frames.flatMap(({ changes }) => changes);
  }

  /** Whether nothing would be committed now. */
  get isEmpty(): boolean {
    return this.#frames.every(({ changes }) => changes.length === 0);
  }

  /** A transaction or savepoint began. A savepoint of a name that is there hides the one before. */
  begin(name?: string): void {
    this.#frames.push({ name, changes: [] });
  }

  /** Appends to the innermost frame of the open transaction. */
  record(change: Change): void {
    this.#frames.at(-1)?.changes.push(change);
  }

  /** Whether a savepoint is what the transaction began with, so that its release commits it (SQLite). */
  isOutermost(name: string): boolean {
    return this.#indexOf(name) === 0;
  }

  /** A savepoint was released, with those in it: their changes are now its parent's. */
  release(name: string): void {
    const index = this.#indexOf(name);
    if (index <= 0) return;
    const released = this.#frames.splice(index);
    for (const { changes } of released) for (const change of changes) this.record(change);
  }

  /** Rolled back to a savepoint, which is still there; one that nobody saw begin is older than all. Returns what is gone. */
  rollbackTo(name: string): readonly Change[] {
    const index = Math.max(0, this.#indexOf(name));
    const gone = this.#frames.splice(index);
    this.begin(gone[0]?.name);
    return gone.flatMap(({ changes }) => changes);
  }

  /** The transaction is over, whatever savepoints were still open; returns what it had. */
  end(): readonly Change[] {
    const { changes } = this;
    this.#frames = [];
    return changes;
  }

  #indexOf(name: string): number {
    return this.#frames.findLastIndex((frame) => frame.name === name);
  }
}

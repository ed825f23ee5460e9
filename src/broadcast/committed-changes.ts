import type { DataSource } from 'typeorm';
import type { Change } from './change.js';
import type { Broadcasting, QueueEntry } from './publish-queue.js';
import type { RunnerStates } from './runner-state.js';
import { type Telling, tellChanges } from './tell-changes.js';

/** Changes that were not read in a transaction before its commit: autocommit writes above all. Read when their turn comes. */
export class CommittedChanges implements QueueEntry {
  readonly #changes: Change[] = [];

  constructor(
    readonly dataSource: DataSource,
    private readonly states: RunnerStates,
    private readonly telling: Telling,
  ) {}

  get size(): number {
    return this.#changes.length;
  }

  push(change: Change): void {
    this.#changes.push(change);
  }

  /** Reads happen one after the other, so that what is told later was read later. */
  async take(): Promise<readonly Broadcasting[]> {
    try {
      return await this.#read();
    } catch (error) {
      this.telling.faults.error('Broadcast of committed changes', error, 'Their followers must read again.');
      return [];
    }
  }

  /**
   * On SQLite the runner is the application's own: in a transaction it would show rows that may yet be rolled back, so
   * the read waits for its end, and is done again when another one began meanwhile.
   */
  async #read(): Promise<readonly Broadcasting[]> {
    const runner = this.dataSource.createQueryRunner();
    const state = this.states.of(runner);
    try {
      for (;;) {
        await state.idle(runner);
        const { starts } = state;
        const broadcasts = await tellChanges(this.#changes, runner, this.telling, { certain: false });
        if (state.starts === starts) return broadcasts;
      }
    } finally {
      await runner.release();
    }
  }
}

import type { DataSource } from 'typeorm';
import { BroadcastCounter } from './broadcast-counts.js';
import type { Change } from './change.js';
import type { Broadcasting, PublishQueue, QueueEntry } from './publish-queue.js';
import type { RunnerStates } from './runner-state.js';
import { type Telling, tellChanges } from './tell-changes.js';

/** Makes of changes that are committed what is left to publish. Called when their turn comes. */
type Tell = (changes: readonly Change[], dataSource: DataSource) => Promise<readonly Broadcasting[]>;

type Faulty = Pick<Telling, 'faults' | 'counts'>;

/** Changes that were not read in a transaction before its commit: autocommit writes above all. */
export class CommittedChanges implements QueueEntry {
  readonly #changes: Change[] = [];

  private constructor(
    private readonly dataSource: DataSource,
    private readonly tell: Tell,
    private readonly telling: Faulty,
  ) {}

  /** Puts a change at the end of a queue. Changes that wait together are told together. */
  static enqueue(
    change: Change,
    dataSource: DataSource,
    queue: PublishQueue,
    tell: Tell,
    telling: Faulty,
  ): void {
    const { tail } = queue;
    if (tail instanceof CommittedChanges && tail.dataSource === dataSource) {
      if (!queue.admits()) return telling.counts.addChanges('failed', [change]);
      tail.#changes.push(change);
      queue.grown();
    } else {
      const entry = new CommittedChanges(dataSource, tell, telling);
      entry.#changes.push(change);
      if (!queue.add(entry)) telling.counts.addChanges('failed', [change]);
    }
  }

  get size(): number {
    return this.#changes.length;
  }

  take(): Promise<readonly Broadcasting[]> {
    const tell = () => this.tell(this.#changes, this.dataSource);
    return orNothing(tell, this.#changes, this.dataSource, this.telling);
  }
}

/** What is committed stays so, whether it can be told or not. Never rejects. */
export async function orNothing(
  tell: () => Promise<readonly Broadcasting[]>,
  changes: readonly Change[],
  dataSource: DataSource,
  { faults, counts }: Faulty,
): Promise<readonly Broadcasting[]> {
  try {
    // Some drivers take the process along when they are asked after their end (libsql 0.5).
    if (!dataSource.isInitialized) throw new Error('its DataSource was destroyed');
    return await tell();
  } catch (error) {
    counts.addChanges('failed', changes);
    faults.error('Broadcast of committed changes', error, 'Their followers must read again.');
    return [];
  }
}

/**
 * Reads changes that are committed; one call after the other, so that what is told later was read later.
 *
 * On SQLite the runner is the application's own: in a transaction it would show rows that may yet be rolled back, so
 * the read waits for its end, and is done again when another one began meanwhile.
 */
export async function readCommitted(
  changes: readonly Change[],
  dataSource: DataSource,
  telling: Telling,
  states: RunnerStates,
): Promise<readonly Broadcasting[]> {
  const runner = dataSource.createQueryRunner();
  const state = states.of(runner);
  try {
    for (;;) {
      await state.idle();
      const { starts } = state;
      const counts = new BroadcastCounter();
      const broadcasts = await tellChanges(changes, runner, { ...telling, counts }, { certain: false });
      if (state.starts !== starts) continue;
      telling.counts.merge(counts);
      return broadcasts;
    }
  } finally {
    await runner.release();
  }
}

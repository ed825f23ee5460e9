import type { DataSource, QueryRunner } from 'typeorm';
import { atMost } from './at-most.js';
import type { Change } from './change.js';
import { CommittedChanges, readCommitted } from './committed-changes.js';
import type { Delivery } from './delivery.js';
import { isShared } from './driver-traits.js';
import { SavepointRefused } from './guarded-read.js';
import type { PublishQueue } from './publish-queue.js';
import { Reservation } from './reservation.js';
import type { RunnerState, RunnerStates } from './runner-state.js';
import { type Telling, tellChanges } from './tell-changes.js';

/**
 * Hands updates over in memory when the database has committed. Nothing of it ever costs the application a write, and
 * what is on its way when the process dies is lost.
 */
export class MemoryDelivery implements Delivery {
  constructor(
    private readonly telling: Telling,
    private readonly queue: PublishQueue,
    private readonly states: RunnerStates,
  ) {}

  /** Reads the changes, and takes the transaction's place in the order. */
  async prepare(state: RunnerState, runner: QueryRunner): Promise<void> {
    try {
      state.prepared = state.prepared?.commitFailed();
      const { buffer, ends } = state;
      const { changes } = buffer;
      const certain = !isShared(runner) && !state.shaky;
      const broadcasts = await tellChanges(changes, runner, this.telling, { certain });
      // Meanwhile a hook of the application may have refused the commit: a place taken now would never be filled.
      if (state.ends !== ends) return;
      const place = new Reservation(broadcasts, changes.length);
      state.prepared = place;
      if (broadcasts.length > 0) this.queue.add(place);
    } catch (error) {
      // A transaction that takes no savepoint is aborted, and will be answered ROLLBACK; if it is not, it is read later.
      if (error instanceof SavepointRefused) return;
      this.telling.faults.error(
        'Broadcast of a transaction',
        error,
        'The write is not affected; its followers were not told.',
      );
    }
  }

  later(change: Change, dataSource: DataSource): void {
    const { telling, states } = this;
    CommittedChanges.enqueue(
      change,
      dataSource,
      this.queue,
      (changes, source) => readCommitted(changes, source, telling, states),
      telling.faults,
    );
  }

  flush(): Promise<void> {
    return this.queue.flush();
  }

  status(): Promise<readonly never[]> {
    return Promise.resolve([]);
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return atMost(this.queue.flush());
  }
}

import type { DataSource, QueryRunner } from 'typeorm';
import { atMost } from './at-most.js';
import type { Change } from './change.js';
import { CommittedChanges, orNothing, readCommitted } from './committed-changes.js';
import { dataSourceOf } from './data-source-of.js';
import type { Delivery } from './delivery.js';
import { isShared } from './driver-traits.js';
import { SavepointRefused, TransactionLost } from './guarded-read.js';
import type { Broadcasting, PublishQueue } from './publish-queue.js';
import { Reservation } from './reservation.js';
import type { RunnerState, RunnerStates } from './runner-state.js';
import { inOrder, type Settled, type Telling, tellChanges, tellSettled } from './tell-changes.js';

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
      const settled = await this.#tell(changes, runner, state);
      const { broadcasts, open } = settled;
      // Meanwhile a hook of the application may have refused the commit: a place taken now would never be filled.
      if (state.ends !== ends) return;
      const place = new Reservation({
        broadcasts,
        changes: changes.length,
        open: open.length,
        rest: () => this.#complete(settled, dataSourceOf(runner)),
      });
      state.prepared = place;
      if (place.size === 0 || this.queue.add(place)) return;
      this.telling.counts.addAll('failed', broadcasts);
      this.telling.counts.addChanges('failed', open);
    } catch (error) {
      // A transaction that takes no savepoint is aborted, and will be answered ROLLBACK; if it is not, it is read later.
      if (error instanceof SavepointRefused) return;
      if (error instanceof TransactionLost) throw error.cause;
      this.telling.counts.addChanges('failed', state.buffer.changes);
      this.telling.faults.error(
        'Broadcast of a transaction',
        error,
        'The write is not affected; its followers were not told.',
      );
    }
  }

  later(change: Change, dataSource: DataSource): void {
    const read = (changes: readonly Change[], source: DataSource) => this.#read(changes, source);
    CommittedChanges.enqueue(change, dataSource, this.queue, read, this.telling);
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

  /** On SQLite nobody else writes while a transaction does: everything is settled. */
  async #tell(changes: readonly Change[], runner: QueryRunner, state: RunnerState): Promise<Settled> {
    const { telling } = this;
    if (!isShared(runner)) return tellSettled(changes, runner, telling, { certain: !state.shaky });
    const broadcasts = await tellChanges(changes, runner, telling, { certain: false });
    return { broadcasts, open: [], order: [] };
  }

  async #complete(settled: Settled, dataSource: DataSource): Promise<readonly Broadcasting[]> {
    const read = () => this.#read(settled.open, dataSource);
    return inOrder(settled, await orNothing(read, settled.open, dataSource, this.telling));
  }

  #read(changes: readonly Change[], dataSource: DataSource): Promise<readonly Broadcasting[]> {
    return readCommitted(changes, dataSource, this.telling, this.states);
  }
}

import type { DataSource, EntityMetadata, QueryRunner } from 'typeorm';
import { MercureError } from '../../errors.js';
import { atMost } from '../at-most.js';
import { broadcastFailed } from '../broadcast-failed.js';
import type { Change } from '../change.js';
import { CommittedChanges, orNothing } from '../committed-changes.js';
import { dataSourceOf } from '../data-source-of.js';
import type { Delivery, Prepared, Unprepared } from '../delivery.js';
import { isShared } from '../driver-traits.js';
import { SavepointRefused, TransactionLost } from '../guarded-read.js';
import { type Broadcasting, PublishQueue } from '../publish-queue.js';
import type { RunnerState, RunnerStates } from '../runner-state.js';
import { inOrder, type Settled, type Telling, tellChanges, tellSettled } from '../tell-changes.js';
import type { Outbox, OutboxStatus } from './outbox.js';
import { NotStored, type OutboxWriter } from './outbox-writer.js';
import { TransactionOver } from './runner-transaction.js';
import { storeCommitted } from './store-committed.js';

/**
 * Stores updates with the transaction that made the changes, as its last statement: its commit publishes them, its
 * rollback forgets them, and what happens to the process in between loses none. What cannot be stored fails the
 * transaction.
 */
export class OutboxDelivery implements Delivery {
  readonly #warned = {
    autocommit: new WeakSet<EntityMetadata>(),
    late: new WeakSet<EntityMetadata>(),
  };
  /** Of changes that are committed without their updates, which then write by themselves: nothing is left to publish. */
  readonly #queue: PublishQueue;

  constructor(
    private readonly telling: Telling,
    private readonly states: RunnerStates,
    private readonly writer: OutboxWriter,
  ) {
    this.#queue = new PublishQueue({ publishAll: () => Promise.resolve() }, telling);
  }

  async prepare(state: RunnerState, runner: QueryRunner): Promise<void> {
    const { buffer, ends } = state;
    const isThere = (): boolean => state.ends === ends;
    const certain = !isShared(runner) && !state.shaky;
    const telling = { ...this.telling, strict: true };
    let done = state.prepared?.changes ?? 0;
    try {
      // While it is written others may add to the transaction: on SQLite all callers have the same one.
      for (let { changes } = buffer; changes.length > done; { changes } = buffer) {
        const { broadcasts, open } = await tell(changes.slice(done), runner, telling, { certain });
        const outbox = await this.writer.write(broadcasts, runner, isThere);
        if (!isThere()) return;
        done = changes.length;
        const committed = () => {
          this.telling.counts.addAll('published', broadcasts);
          this.#lookAgain(open, broadcasts, dataSourceOf(runner));
        };
        state.prepared = new Stored(done, outbox, committed, state.prepared);
      }
    } catch (error) {
      // Where a hook of the application's refused the commit, or the transaction is aborted, it will be rolled back.
      if (error instanceof TransactionOver || error instanceof SavepointRefused) return;
      this.telling.counts.addChanges('failed', buffer.changes.slice(done));
      throw error instanceof TransactionLost ? error.cause : asFailure(error);
    }
  }

  later(change: Change, dataSource: DataSource, why: Unprepared): void {
    this.#warn(change.metadata, why);
    CommittedChanges.enqueue(
      change,
      dataSource,
      this.#queue,
      async (changes) => {
        await storeCommitted(changes, dataSource, this.telling, this.states, this.writer);
        return [];
      },
      this.telling,
    );
  }

  async flush(): Promise<void> {
    await this.#queue.flush();
    for (const opening of this.writer.all) await (await opening.catch(() => undefined))?.flush();
  }

  async status(): Promise<readonly OutboxStatus[]> {
    const all = await Promise.all(this.writer.all.map(async (opening) => (await opening).status()));
    return all.filter((status) => status !== undefined);
  }

  async open(dataSource: DataSource): Promise<void> {
    await this.writer.open(dataSource);
  }

  async close(dataSource?: DataSource): Promise<void> {
    await atMost(this.#queue.flush());
    await this.writer.close(dataSource);
  }

  /**
   * Tells rows that the transaction had not locked once more, where they are not what it has told: another one wrote
   * them meanwhile, and its update may come before.
   */
  #lookAgain(open: readonly Change[], told: readonly Broadcasting[], dataSource: DataSource): void {
    if (open.length === 0) return;
    const { telling, states, writer } = this;
    const take = async () => {
      await storeCommitted(open, dataSource, telling, states, writer, told);
      return [];
    };
    this.#queue.add({ size: open.length, take: () => orNothing(take, open, dataSource, telling) });
  }

  /** Once for each entity: the second time tells nobody anything. */
  #warn(metadata: EntityMetadata, why: Unprepared): void {
    const warned = this.#warned[why];
    if (warned.has(metadata)) return;
    warned.add(metadata);
    this.telling.faults.warn(`Broadcast of entity "${metadata.name}": ${HOLES[why]}`);
  }
}

/** Everything is told with the transaction; what others may write at the same time is named. */
async function tell(
  changes: readonly Change[],
  runner: QueryRunner,
  telling: Telling,
  { certain }: { certain: boolean },
): Promise<Pick<Settled, 'broadcasts' | 'open'>> {
  if (isShared(runner)) {
    return { broadcasts: await tellChanges(changes, runner, telling, { certain }), open: [] };
  }
  const settled = await tellSettled(changes, runner, telling, { certain });
  const { open } = settled;
  const rest = open.length > 0 ? await tellChanges(open, runner, telling, { certain }) : [];
  return { broadcasts: inOrder(settled, rest), open };
}

/** What is stored with the transaction stays there when COMMIT fails: a later one commits it. */
class Stored implements Prepared {
  constructor(
    readonly changes: number,
    private readonly outbox: Outbox | undefined,
    private readonly committed: () => void,
    private readonly earlier: Prepared | undefined,
  ) {}

  commit(): void {
    this.earlier?.commit();
    this.outbox?.committed();
    this.committed();
  }

  abandon(): void {
    // It went with the transaction.
  }

  commitFailed(): this {
    return this;
  }
}

const HOLES: Readonly<Record<Unprepared, string>> = {
  autocommit:
    'it is written outside a transaction, so that its outbox row is a statement of its own, and an end of the process ' +
    'in between loses the update. Write it in a transaction, or set broadcast: { outbox: { wrapAutocommit: true } }.',
  late:
    'it was written when its transaction was being committed and the outbox row was there already, so that an end of ' +
    'the process right after the commit loses the update. Let subscribers write before that.',
};

/** Whatever it is, the changes are not stored. */
function asFailure(error: unknown): MercureError {
  if (error instanceof MercureError) return error;
  if (error instanceof NotStored) return broadcastFailed(error.what, error.cause, error.remedy);
  return broadcastFailed('Broadcast of a transaction', error, 'It was not told either: see the cause.');
}

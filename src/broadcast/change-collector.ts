import type { DataSource, EntityMetadata, ObjectLiteral, QueryRunner, UpdateEvent } from 'typeorm';
import type { BroadcastOperation } from './broadcast-options.js';
import type { BroadcastScope } from './broadcast-scope.js';
import { type Change, rowKey } from './change.js';
import { type Removal, removedRow, UNIDENTIFIED } from './change-of-event.js';
import { ChangeRecorder } from './change-recorder.js';
import { dataSourceOf } from './data-source-of.js';
import type { Delivery } from './delivery.js';
import { isInTransaction, isShared } from './driver-traits.js';
import { changeOfLink } from './junction-sides.js';
import { readEntities } from './read-entities.js';
import type { RunnerState, RunnerStates } from './runner-state.js';
import { type Telling, whatOf } from './tell-changes.js';
import { type Statement, Unlinkings } from './unlinkings.js';

/** What every event of an entity says. */
export interface EntityEvent {
  readonly dataSource: DataSource;
  readonly queryRunner: QueryRunner;
  readonly metadata: EntityMetadata;
}

/** What events of junction tables say: `save()` names the key, `relation().of().add()` has the columns. */
export interface JunctionEvent extends EntityEvent {
  readonly entity?: ObjectLiteral;
  readonly entityId?: unknown;
}

/**
 * Collects changes while transactions are open, makes updates of them just before the outermost commit, and lets them
 * go when the database has committed.
 *
 * It is called from within the application's writes, so no method throws: what is thrown after a commit would reject
 * a write that happened, and what is thrown before a rollback would leave the connection inside the transaction. Only
 * `committing` may, where delivery asks for it.
 */
export class ChangeCollector {
  readonly recorder: ChangeRecorder;

  constructor(
    private readonly telling: Telling,
    private readonly delivery: Delivery,
    private readonly scope: BroadcastScope,
    private readonly states: RunnerStates,
  ) {
    this.recorder = new ChangeRecorder(telling, delivery, scope, states);
  }

  /** Something happened to an entity; `changeOf` says what, if the event does. */
  record(
    operation: BroadcastOperation,
    event: EntityEvent,
    changeOf: (state: RunnerState) => Change | typeof UNIDENTIFIED | undefined,
  ): void {
    const { metadata, queryRunner } = event;
    if (this.scope.isSilent || !this.telling.plans.concern(metadata)) return;
    const what = whatOf({ operation, metadata });
    this.#guard(what, () => {
      const state = this.states.of(queryRunner);
      const change = changeOf(state);
      if (change === UNIDENTIFIED) {
        if (!state.observed.take(metadata, operation))
          this.recorder.unnamed(operation, metadata, queryRunner);
      } else if (change) this.recorder.keep(change, queryRunner);
    });
  }

  /** A row of a junction table came or went: the rows it links are updated. */
  linked(event: JunctionEvent, { came }: { came: boolean }): void {
    const { metadata: junction, queryRunner, entityId, entity } = event;
    const sides = this.telling.plans.sidesOf(junction);
    if (sides.length === 0 || this.scope.isSilent) return;
    this.#guard(`Broadcast of links in "${junction.name}"`, () => {
      const said = (entityId ?? entity) as ObjectLiteral | undefined;
      const rows = said ? [said] : this.states.of(queryRunner).unlinkings?.take(junction);
      for (const side of sides) {
        const changes = rows?.map((row) => changeOfLink(row, side, came)) ?? [UNIDENTIFIED];
        if (changes.includes(UNIDENTIFIED)) this.recorder.unnamed('update', side.metadata, queryRunner);
        for (const change of changes) if (change !== UNIDENTIFIED) this.recorder.keep(change, queryRunner);
      }
    });
  }

  /** Rows of a junction table are about to be deleted; what names none is told by its statement. */
  unlinking({ metadata, queryRunner, entityId }: JunctionEvent): void {
    if (entityId !== undefined || this.scope.isSilent || this.telling.plans.sidesOf(metadata).length === 0)
      return;
    const state = this.states.of(queryRunner);
    state.unlinkings ??= new Unlinkings();
    state.unlinkings.announce(metadata);
  }

  /** A row is about to be updated. One of which the event says nothing is an orphan that is set free. */
  updating({ metadata, queryRunner, entity, databaseEntity }: UpdateEvent<ObjectLiteral>): void {
    if (entity ?? databaseEntity) return;
    if (!this.scope.isSilent && this.telling.plans.nameRows(metadata)) {
      this.states.of(queryRunner).orphans.add(metadata, 'update');
    }
  }

  /**
   * A row is about to be removed. What the event does not bring along but its topics need is read while it is there:
   * foreign keys without a column property, links, and all columns where TypeORM did not load the row (orphans).
   */
  removing(event: Removal): Promise<void> | undefined {
    const { queryRunner: runner, databaseEntity } = event;
    if (this.scope.isSilent || !this.telling.plans.concern(event.metadata)) return undefined;
    return this.#guard(whatOf({ operation: 'delete', metadata: event.metadata }), async () => {
      const removed = removedRow(event);
      if (!removed) return;
      const { metadata, id } = removed;
      const reading = this.telling.plans.removalOf(metadata);
      if (databaseEntity && reading.relations.length === 0 && reading.linked.length === 0) return;
      const key = rowKey(metadata, id);
      const rows = await readEntities(runner, reading, [{ id, key }]);
      for (const row of rows.values()) this.states.of(runner).removing.set(key, row);
    });
  }

  /** A transaction or savepoint is about to begin. */
  starting(runner: QueryRunner): void {
    const state = this.states.of(runner);
    state.starts += 1;
    state.doubtful ||= state.eventDue && isShared(runner);
  }

  started(runner: QueryRunner): void {
    this.states.of(runner).buffer.begin();
  }

  /** A statement has written; the events of its rows come next. */
  wrote(runner: QueryRunner, statement: Statement, { upsert }: { upsert: boolean }): void {
    const state = this.states.of(runner);
    state.upsert = upsert;
    state.unlinkings?.sent(statement);
    if (isInTransaction(runner)) return;
    state.wroteAlone();
    // Another's transaction that is about to begin, or has just been rolled back, does not take it along.
    state.doubtful ||= runner.isTransactionActive;
  }

  /**
   * A transaction is about to be committed, or a savepoint released: of the outermost the changes are read, while its
   * own writes are still its own, and it takes its place in the order.
   *
   * @param outermost whether it is known to be the transaction itself; default: by the savepoints seen to begin
   */
  async committing(runner: QueryRunner, { outermost }: { outermost?: true } = {}): Promise<void> {
    const state = this.states.of(runner);
    const { changes, depth } = state.buffer;
    if (changes.length === 0 || (depth > 1 && !outermost)) return;
    await this.delivery.prepare(state, runner);
  }

  /** COMMIT has failed. The transaction is still there, and may be committed again. */
  commitFailed(runner: QueryRunner): void {
    const state = this.states.of(runner);
    state.prepared = state.prepared?.commitFailed();
  }

  /** A savepoint was released. */
  released(runner: QueryRunner): void {
    this.states.of(runner).buffer.release();
  }

  /** The transaction is committed. What was recorded since COMMIT was sent has not been read in it. */
  committed(runner: QueryRunner): void {
    this.#guard('Broadcast of a transaction', () => {
      const state = this.states.of(runner);
      const { prepared } = state;
      const changes = state.end();
      prepared?.commit();
      for (const change of changes.slice(prepared?.changes ?? 0))
        this.delivery.later(change, dataSourceOf(runner), 'late');
    });
  }

  rolledBackToSavepoint(runner: QueryRunner): void {
    const state = this.states.of(runner);
    this.#dropped(state.buffer.rollback(), state.doubtful, runner);
  }

  /** The transaction is over and nothing of it remains. */
  rolledBack(runner: QueryRunner): void {
    const state = this.states.of(runner);
    const { doubtful, prepared } = state;
    prepared?.abandon();
    this.#dropped(state.end(), doubtful, runner);
  }

  /** What was rolled back is not told; what may have been committed before the transaction began, the table knows. */
  #dropped(changes: readonly Change[], doubtful: boolean, runner: QueryRunner): void {
    if (doubtful)
      for (const change of changes) this.delivery.later(change, dataSourceOf(runner), 'autocommit');
  }

  #guard<T extends void | Promise<void>>(what: string, work: () => T): T | undefined {
    const failed = (error: unknown) =>
      this.telling.faults.error(what, error, 'The write is not affected; its followers were not told.');
    try {
      const result = work();
      return result instanceof Promise ? (result.catch(failed) as T) : result;
    } catch (error) {
      failed(error);
      return undefined;
    }
  }
}

import type { DataSource, EntityMetadata, ObjectLiteral, QueryRunner, UpdateEvent } from 'typeorm';
import type { BroadcastOperation } from './broadcast-options.js';
import type { BroadcastScope } from './broadcast-scope.js';
import { type Change, rowKey, whatOf } from './change.js';
import { type Removal, removedRow, UNIDENTIFIED } from './change-of-event.js';
import { ChangeRecorder } from './change-recorder.js';
import type { Delivery } from './delivery.js';
import { TransactionLost } from './guarded-read.js';
import { changeOfLink } from './junction-sides.js';
import { readEntities } from './read-entities.js';
import type { RunnerState, RunnerStates } from './runner-state.js';
import type { Telling } from './tell-changes.js';
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
 * Collects changes as they happen, each with the transaction it happened in.
 *
 * It is called from within the application's writes, so no method throws: that would reject a write that happened. But
 * for a removal before which the database has rolled back the transaction: it says so, as it would to the application.
 */
export class ChangeCollector {
  readonly recorder: ChangeRecorder;

  constructor(
    private readonly telling: Telling,
    delivery: Delivery,
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
    if (!this.telling.plans.concern(metadata)) return;
    if (this.scope.isSilent) return this.telling.counts.add('suppressed', metadata.name);
    const what = whatOf({ operation, metadata });
    this.#guard(what, () => {
      const state = this.states.of(queryRunner);
      state.heard();
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
    if (sides.length === 0) return;
    if (this.scope.isSilent) {
      for (const { metadata } of sides) this.telling.counts.add('suppressed', metadata.name);
      return;
    }
    this.#guard(`Broadcast of links in "${junction.name}"`, () => {
      const said = (entityId ?? entity) as ObjectLiteral | undefined;
      const state = this.states.of(queryRunner);
      state.heard();
      const rows = said ? [said] : state.unlinkings?.take(junction);
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

  /** A statement has written; the events of its rows come next. */
  wrote(runner: QueryRunner, statement: Statement): void {
    const state = this.states.of(runner);
    state.unlinkings?.sent(statement);
    if (!state.isOpen) state.wroteAlone();
  }

  #guard<T extends void | Promise<void>>(what: string, work: () => T): T | undefined {
    const failed = (error: unknown) => {
      if (error instanceof TransactionLost) throw error.cause;
      this.telling.faults.error(what, error, 'The write is not affected; its followers were not told.');
    };
    try {
      const result = work();
      return result instanceof Promise ? (result.catch(failed) as T) : result;
    } catch (error) {
      failed(error);
      return undefined;
    }
  }
}

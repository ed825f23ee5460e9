import type { EntityMetadata, QueryRunner } from 'typeorm';
import type { BroadcastOperation } from './broadcast-options.js';
import type { BroadcastScope } from './broadcast-scope.js';
import { fateOf } from './bulk-plan.js';
import { type Change, unnamedRows, whatOf } from './change.js';
import { dataSourceOf } from './data-source-of.js';
import type { Delivery } from './delivery.js';
import type { RunnerStates } from './runner-state.js';
import type { Telling } from './tell-changes.js';

/** When a statement ran, as its runner's transactions go. */
export interface Moment {
  readonly isInTransaction: boolean;
  /** Transactions that were over by then. */
  readonly ends: number;
}

/** Keeps what happened: with its transaction, or where there is none for those who are told next. */
export class ChangeRecorder {
  constructor(
    private readonly telling: Telling,
    private readonly delivery: Delivery,
    private readonly scope: BroadcastScope,
    readonly states: RunnerStates,
  ) {}

  /**
   * Whoever makes the change is asked now: a commit serves several callers, and runs in the context of one.
   *
   * @param moment when it happened. Default: now
   */
  keep(recorded: Change, runner: QueryRunner, moment?: Moment): void {
    const { originator } = this.scope;
    const change = originator === undefined ? recorded : { ...recorded, originator };
    const { buffer, isOpen, ends } = this.states.of(runner);
    if (!(moment ? moment.isInTransaction : isOpen))
      this.delivery.later(change, dataSourceOf(runner), 'autocommit');
    else if (!moment || ends === moment.ends) buffer.record(change);
    else this.delivery.later(change, dataSourceOf(runner), 'late');
  }

  /** What a runner is in now: what was read about a statement since may be recorded when its transaction is over. */
  momentOf(runner: QueryRunner): Moment {
    const { isOpen: isInTransaction, ends } = this.states.of(runner);
    return { isInTransaction, ends };
  }

  /**
   * A write did not say which rows it changed: each declaration says what becomes of it.
   *
   * @param named whether rows were named to the declarations that ask for them. Default false
   */
  unnamed(
    operation: BroadcastOperation,
    announced: EntityMetadata,
    runner: QueryRunner,
    { named = false, moment }: { named?: boolean; moment?: Moment } = {},
  ): void {
    const { plans, faults, counts } = this.telling;
    for (const metadata of plans.within(announced)) {
      const declared = plans.of(metadata) ?? [];
      if (!named || declared.some(({ bulk }) => bulk.mode !== 'ids')) counts.add('bulk', metadata.name);
      const fates = new Set(declared.map(({ bulk }) => fateOf(bulk, named)));
      if (fates.has('warn')) faults.warn(unnamedWarning(whatOf({ operation, metadata })));
      if (fates.has('collection')) this.keep(unnamedRows(operation, metadata, named), runner, moment);
    }
  }
}

function unnamedWarning(what: string): string {
  return (
    `${what}: a write did not say which rows it changed, and was not told to followers. ` +
    'Criteria writes (update(), delete(), increment(), query builders) name no entity: ' +
    "load the entities and use save() or remove(), publish by hand, or let the option \"bulk\" say what becomes of them: 'ids' names their rows, 'collection' tells the followers of all."
  );
}

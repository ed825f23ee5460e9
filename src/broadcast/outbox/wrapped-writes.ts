import type { DataSource, QueryRunner } from 'typeorm';
import { inTransaction, onRunner } from '../builder-runner.js';
import type { BroadcastPlans } from '../broadcast-plans.js';
import type { BroadcastScope } from '../broadcast-scope.js';
import { isShared } from '../driver-traits.js';
import type { Builder, WriteResult } from '../watched-builders.js';
import { SharedTurn } from './shared-turn.js';

type Run = () => Promise<WriteResult>;

/**
 * Gives writes that would commit by themselves a transaction, so that their outbox rows are committed with them:
 * `insert()`, `update()`, `delete()`, `upsert()`, query builders and `relation().of()`, of what is broadcast. Left out
 * is what is no builder's: raw SQL, and `save(…, { transaction: false })`.
 */
export class WrappedWrites {
  readonly #turns = new WeakMap<QueryRunner, SharedTurn>();

  constructor(
    private readonly plans: BroadcastPlans,
    private readonly scope: BroadcastScope,
  ) {}

  /** Executes a builder. What it throws is what it would have thrown, or why its update could not be stored. */
  async execute(dataSource: DataSource, builder: Builder, run: Run): Promise<WriteResult> {
    if (!this.#isWanted(builder)) return run();
    return onRunner(dataSource, builder, (runner) => this.#execute(runner, run));
  }

  /** Statements that call no listeners are `save()`'s own. */
  #isWanted({ expressionMap }: Builder): boolean {
    const { queryType, callListeners, mainAlias } = expressionMap;
    if (queryType === 'select' || !callListeners || !mainAlias?.hasMetadata || this.scope.isSilent)
      return false;
    const { metadata } = mainAlias;
    return metadata.isJunction ? this.plans.sidesOf(metadata).length > 0 : this.plans.concern(metadata);
  }

  #execute(runner: QueryRunner, run: Run): Promise<WriteResult> {
    return isShared(runner) ? this.#turnOf(runner).take(run) : inTransaction(runner, true, run);
  }

  #turnOf(runner: QueryRunner): SharedTurn {
    let turn = this.#turns.get(runner);
    if (!turn) this.#turns.set(runner, (turn = new SharedTurn(runner)));
    return turn;
  }
}

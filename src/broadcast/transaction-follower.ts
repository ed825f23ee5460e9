import type { AfterQueryEvent, QueryRunner } from 'typeorm';
import type { Change } from './change.js';
import { dataSourceOf } from './data-source-of.js';
import type { Delivery } from './delivery.js';
import {
  abortsOnError,
  beginsWithSavepoint,
  commitsImplicitly,
  endsTransaction,
  isConnectionInTransaction,
} from './driver-traits.js';
import type { FaultLog } from './fault-log.js';
import type { RunnerState, RunnerStates } from './runner-state.js';
import { type TransactionStatement, transactionStatements } from './transaction-statement.js';

/** A statement's answer, as `afterQuery` tells it. */
export type Answer = Pick<AfterQueryEvent, 'query' | 'queryRunner' | 'success' | 'rawResults' | 'error'>;

/** What MySQL and MariaDB commit without a word: whatever is not about a temporary table, or only reads. */
const IMPLICIT =
  /^\s*(?:ALTER|ANALYZE|CACHE|CHECK|CREATE(?!\s+TEMPORARY)|DROP(?!\s+TEMPORARY)|FLUSH|GRANT|INSTALL|LOAD\s+INDEX|LOCK|OPTIMIZE|RENAME|REPAIR|RESET|REVOKE|SET\s+(?:PASSWORD|(?:@@)?(?:SESSION\.?\s*)?AUTOCOMMIT)|TRUNCATE|UNINSTALL)\b/i;

/**
 * Follows transactions by the statements that the database answered, in the turn in which it did: whoever sent them,
 * TypeORM or the application in SQL. TypeORM's own events come later, and know nothing of what the database ends by
 * itself.
 */
export class TransactionFollower {
  constructor(
    private readonly delivery: Delivery,
    private readonly states: RunnerStates,
    private readonly faults: FaultLog,
  ) {}

  /** A statement is about to be sent. Returns whether it is the commit of the open transaction. */
  sending(runner: QueryRunner, query: string): boolean {
    // Of a runner that nobody followed before, it must be known whether it is in a transaction already.
    const { isOpen } = this.states.sending(runner);
    return isOpen && transactionStatements(query).some(({ kind }) => kind === 'commit');
  }

  /**
   * A transaction is about to be committed: the changes are read, while its own writes are still its own, and it takes
   * its place in the order.
   *
   * @throws MercureError BROADCAST_FAILED where delivery must not let it be committed
   */
  async committing(runner: QueryRunner): Promise<void> {
    const state = this.states.of(runner);
    if (!state.buffer.isEmpty) await this.delivery.prepare(state, runner);
  }

  /** A statement was answered. */
  answered({ query, queryRunner: runner, success, rawResults, error }: Answer): void {
    // What was read changes no transaction, and to ask SQLite's connection for each row costs 2 µs.
    if (success && query.startsWith('SELECT ')) return;
    const statements = transactionStatements(query);
    if (success) this.#succeeded(runner, query, statements, rawResults);
    else this.#failed(runner, statements, error);
    const isOpen = isConnectionInTransaction(runner);
    if (isOpen !== undefined) this.#checked(runner, isOpen);
  }

  /** Something has happened to a transaction. */
  happened(runner: QueryRunner, statement: TransactionStatement): void {
    const state = this.states.of(runner);
    switch (statement.kind) {
      case 'begin':
        // MySQL commits what is open; elsewhere that is no more than a warning.
        if (commitsImplicitly(runner)) this.#committed(state, runner);
        if (!state.isOpen) state.begin();
        break;
      case 'commit':
        this.#committed(state, runner);
        if (statement.chained) state.begin();
        break;
      case 'rollback':
        this.#rolledBack(state, runner);
        if (statement.chained) state.begin();
        break;
      case 'savepoint':
        if (state.isOpen) state.buffer.begin(statement.name);
        else if (beginsWithSavepoint(runner)) state.begin(statement.name);
        break;
      case 'release':
        if (state.buffer.isOutermost(statement.name)) this.#committed(state, runner);
        else state.buffer.release(statement.name);
        break;
      case 'rollbackTo':
        if (state.isOpen) this.#dropped(state.buffer.rollbackTo(statement.name), state.doubtful, runner);
    }
  }

  #succeeded(
    runner: QueryRunner,
    query: string,
    statements: readonly TransactionStatement[],
    rawResults: unknown,
  ): void {
    const refused = statements.length === 1 && answeredRollback(rawResults);
    for (const statement of statements) {
      this.happened(runner, refused && statement.kind === 'commit' ? { kind: 'rollback' } : statement);
    }
    if (commitsImplicitly(runner) && IMPLICIT.test(query)) this.#doubt(runner);
  }

  #failed(runner: QueryRunner, statements: readonly TransactionStatement[], error: unknown): void {
    const state = this.states.of(runner);
    if (!state.isOpen) return;
    const [{ kind } = { kind: undefined }] = statements;
    // A ROLLBACK that fails is that of a connection that is gone; PostgreSQL ends a transaction that it cannot commit.
    if (kind === 'rollback' || (kind === 'commit' && abortsOnError(runner))) this.#rolledBack(state, runner);
    // Elsewhere the transaction is still there, and may be committed again.
    else if (kind === 'commit') state.prepared = state.prepared?.commitFailed();
    else if (endsTransaction(runner, error)) this.#rolledBack(state, runner);
    else if (commitsImplicitly(runner)) state.shaky = true;
  }

  /** TypeORM will still say COMMIT or ROLLBACK, and the table will say what there is. */
  #doubt(runner: QueryRunner): void {
    const state = this.states.of(runner);
    if (state.isOpen) state.doubtful = true;
  }

  /** SQLite ends some transactions by itself, and statements may have reached it beside TypeORM. */
  #checked(runner: QueryRunner, isOpen: boolean): void {
    const state = this.states.of(runner);
    if (!isOpen) this.#rolledBack(state, runner);
    else if (!state.isOpen) state.begin();
  }

  /** What was recorded since COMMIT was sent has not been read in the transaction. */
  #committed(state: RunnerState, runner: QueryRunner): void {
    if (!state.isOpen) return;
    try {
      const { prepared } = state;
      const changes = state.end();
      prepared?.commit();
      for (const change of changes.slice(prepared?.changes ?? 0))
        this.delivery.later(change, dataSourceOf(runner), 'late');
    } catch (error) {
      const remedy = 'The write is not affected; its followers were not told.';
      this.faults.error('Broadcast of a transaction', error, remedy);
    }
  }

  #rolledBack(state: RunnerState, runner: QueryRunner): void {
    if (!state.isOpen) return;
    const { doubtful, prepared } = state;
    prepared?.abandon();
    this.#dropped(state.end(), doubtful, runner);
  }

  /** What was rolled back is not told; what may have been committed already, the table knows. */
  #dropped(changes: readonly Change[], doubtful: boolean, runner: QueryRunner): void {
    if (doubtful)
      for (const change of changes) this.delivery.later(change, dataSourceOf(runner), 'autocommit');
  }
}

/** PostgreSQL's answer to the COMMIT of an aborted transaction. It is no error, and TypeORM says "committed". */
function answeredRollback(rawResults: unknown): boolean {
  return (rawResults as { command?: unknown } | undefined)?.command === 'ROLLBACK';
}

import type { AfterQueryEvent, BeforeQueryEvent, EntitySubscriberInterface, QueryRunner } from 'typeorm';
import type { BroadcastScope } from '../broadcast-scope.js';
import { dataSourceOf } from '../data-source-of.js';
import { type TransactionStatement, transactionStatements } from '../transaction-statement.js';
import type { TriggerDelivery } from './trigger-delivery.js';

/** What writes nothing. A SELECT may call what does; it is heard of later. */
const READ = /^\s*(?:SELECT|SHOW|SET)\b/i;

/** What holds for the writes of a transaction from here on, as its triggers find it. */
const SET = "SELECT set_config('mercure.suppress', $1, true), set_config('mercure.originator', $2, true)";

/** TypeORM's statements, where entities are told by triggers: whose they are, and when there is something to look for. */
export class TriggerSubscriber implements EntitySubscriberInterface {
  /** What was set in the open transaction of a runner; absent is nothing. */
  readonly #set = new WeakMap<QueryRunner, string>();

  constructor(
    private readonly triggers: TriggerDelivery,
    private readonly scope: BroadcastScope,
  ) {}

  /**
   * Says within the transaction whether its next writes are told, and who makes them. Outside of one it would hold for a
   * statement alone, or stay with the connection for others.
   */
  beforeQuery({ query, queryRunner }: BeforeQueryEvent): Promise<void> | undefined {
    const brackets = transactionStatements(query);
    if (brackets.length > 0) {
      this.#bracket(brackets, queryRunner);
      return undefined;
    }
    if (!queryRunner.isTransactionActive || READ.test(query)) return undefined;
    const values = [this.scope.isSilent ? 'on' : '', this.scope.originator ?? ''];
    const wanted = values.join(' ');
    if (wanted === (this.#set.get(queryRunner) ?? ' ')) return undefined;
    this.#set.set(queryRunner, wanted);
    // In a transaction that is aborted it fails as the statement will.
    return queryRunner.query(SET, values).then(
      () => undefined,
      () => undefined,
    );
  }

  afterQuery({ query, queryRunner }: AfterQueryEvent): void {
    const brackets = transactionStatements(query);
    const isCommitted =
      brackets.length > 0
        ? brackets.some(({ kind }) => kind === 'commit')
        : !(queryRunner.isTransactionActive || READ.test(query));
    if (isCommitted) this.triggers.committed(dataSourceOf(queryRunner));
  }

  /** What was set since a savepoint goes with it; what was set in a transaction with that. */
  #bracket(statements: readonly TransactionStatement[], runner: QueryRunner): void {
    for (const { kind } of statements) {
      if (kind === 'rollbackTo') this.#set.set(runner, 'unknown');
      else if (kind !== 'savepoint' && kind !== 'release') this.#set.delete(runner);
    }
  }
}

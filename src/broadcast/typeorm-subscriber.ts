import type {
  AfterQueryEvent,
  BeforeQueryEvent,
  EntitySubscriberInterface,
  InsertEvent,
  ObjectLiteral,
  RecoverEvent,
  RemoveEvent,
  SoftRemoveEvent,
  TransactionCommitEvent,
  TransactionRollbackEvent,
  TransactionStartEvent,
  UpdateEvent,
} from 'typeorm';
import type { ChangeCollector } from './change-collector.js';
import { changeOfInsert, changeOfRecover, changeOfRemove, changeOfUpdate } from './change-of-event.js';
import { readsAtStatement } from './driver-traits.js';

const WRITE = /^(?:INSERT|UPDATE|DELETE) /;

/** `ON CONFLICT`, `ON DUPLICATE KEY`, and the forms that skip rows. Values are parameters, never in the text. */
const UPSERT = /^INSERT (?:OR|IGNORE) |\bON (?:CONFLICT|DUPLICATE)\b/;

/** TypeORM's events in the collector's words. It sees every entity, because transactions are nobody's. */
export class TypeOrmSubscriber implements EntitySubscriberInterface<ObjectLiteral> {
  constructor(private readonly collector: ChangeCollector) {}

  afterInsert(event: InsertEvent<ObjectLiteral>): void {
    if (event.metadata.isJunction) return this.collector.linked(event, { came: true });
    this.collector.record('create', event, ({ upsert }) => changeOfInsert(event, upsert));
  }

  beforeUpdate(event: UpdateEvent<ObjectLiteral>): void {
    this.collector.updating(event);
  }

  afterUpdate(event: UpdateEvent<ObjectLiteral>): void {
    this.collector.record('update', event, () => changeOfUpdate(event));
  }

  beforeRemove(event: RemoveEvent<ObjectLiteral>): Promise<void> | undefined {
    if (!event.metadata.isJunction) return this.collector.removing(event);
    this.collector.unlinking(event);
    return undefined;
  }

  beforeSoftRemove(event: SoftRemoveEvent<ObjectLiteral>): Promise<void> | undefined {
    return this.collector.removing(event);
  }

  afterRemove(event: RemoveEvent<ObjectLiteral>): void {
    if (event.metadata.isJunction) return this.collector.linked(event, { came: false });
    this.collector.record('delete', event, ({ removing }) => changeOfRemove(event, removing));
  }

  afterSoftRemove(event: SoftRemoveEvent<ObjectLiteral>): void {
    this.collector.record('delete', event, ({ removing }) =>
      changeOfRemove(event, removing, { way: 'softDelete' }),
    );
  }

  afterRecover(event: RecoverEvent<ObjectLiteral>): void {
    this.collector.record('update', event, () => changeOfRecover(event));
  }

  beforeTransactionStart({ queryRunner }: TransactionStartEvent): void {
    this.collector.starting(queryRunner);
  }

  afterTransactionStart({ queryRunner }: TransactionStartEvent): void {
    this.collector.started(queryRunner);
  }

  /** Fires for savepoints about to be released too. */
  beforeTransactionCommit({ queryRunner }: TransactionCommitEvent): Promise<void> | undefined {
    return readsAtStatement(queryRunner) ? undefined : this.collector.committing(queryRunner);
  }

  beforeQuery({ query, queryRunner }: BeforeQueryEvent): Promise<void> | undefined {
    if (query !== 'COMMIT' || !readsAtStatement(queryRunner)) return undefined;
    return this.collector.committing(queryRunner, { outermost: true });
  }

  afterQuery(event: AfterQueryEvent): void {
    const { query, queryRunner, success, rawResults } = event;
    if (WRITE.test(query)) this.collector.wrote(queryRunner, event, { upsert: UPSERT.test(query) });
    else if (query === 'COMMIT' && !success) this.collector.commitFailed(queryRunner);
    else if (query === 'COMMIT' && answeredRollback(rawResults)) this.collector.rolledBack(queryRunner);
    else if (query === 'ROLLBACK' && !success) this.collector.rolledBack(queryRunner);
  }

  /** Fires for released savepoints too. */
  afterTransactionCommit({ queryRunner }: TransactionCommitEvent): void {
    if (queryRunner.isTransactionActive) this.collector.released(queryRunner);
    else this.collector.committed(queryRunner);
  }

  afterTransactionRollback({ queryRunner }: TransactionRollbackEvent): void {
    if (queryRunner.isTransactionActive) this.collector.rolledBackToSavepoint(queryRunner);
    else this.collector.rolledBack(queryRunner);
  }
}

/** PostgreSQL's answer to the COMMIT of an aborted transaction. It is no error, and TypeORM says "committed". */
function answeredRollback(rawResults: unknown): boolean {
  return (rawResults as { command?: unknown } | undefined)?.command === 'ROLLBACK';
}

import type {
  AfterQueryEvent,
  BeforeQueryEvent,
  EntitySubscriberInterface,
  InsertEvent,
  ObjectLiteral,
  QueryRunner,
  RecoverEvent,
  RemoveEvent,
  SoftRemoveEvent,
  TransactionCommitEvent,
  UpdateEvent,
} from 'typeorm';
import type { ChangeCollector } from './change-collector.js';
import { changeOfInsert, changeOfRecover, changeOfRemove, changeOfUpdate } from './change-of-event.js';
import { readsAtStatement } from './driver-traits.js';
import type { InsertWrites } from './insert-writes.js';
import type { RawWrites } from './raw-writes.js';
import type { TransactionFollower } from './transaction-follower.js';

const WRITE = /^(?:INSERT|UPDATE|DELETE) /;

/** TypeORM's events in the collector's words. It sees every entity, because transactions are nobody's. */
export class TypeOrmSubscriber implements EntitySubscriberInterface<ObjectLiteral> {
  constructor(
    private readonly collector: ChangeCollector,
    private readonly transactions: TransactionFollower,
    private readonly inserts: InsertWrites,
    private readonly raw: RawWrites,
  ) {}

  beforeInsert(event: InsertEvent<ObjectLiteral>): Promise<void> | undefined {
    return this.inserts.beforeInsert(event);
  }

  afterInsert(event: InsertEvent<ObjectLiteral>): void {
    if (event.metadata.isJunction) return this.collector.linked(event, { came: true });
    if (this.inserts.afterInsert(event)) return;
    this.collector.record('create', event, () => changeOfInsert(event));
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

  /** Fires for savepoints about to be released too. */
  beforeTransactionCommit({ queryRunner }: TransactionCommitEvent): Promise<void> | undefined {
    if (readsAtStatement(queryRunner) || isNested(queryRunner)) return undefined;
    return this.transactions.committing(queryRunner);
  }

  beforeQuery(event: BeforeQueryEvent): Promise<void> | undefined {
    const { query, queryRunner } = event;
    this.raw.sending(event);
    const isCommit = this.transactions.sending(queryRunner, query);
    if (!isCommit || !readsAtStatement(queryRunner)) return undefined;
    return this.transactions.committing(queryRunner);
  }

  afterQuery(event: AfterQueryEvent): void {
    const { query, queryRunner } = event;
    if (WRITE.test(query)) {
      this.inserts.sent(event);
      this.collector.wrote(queryRunner, event);
    }
    this.raw.answered(event);
    this.transactions.answered(event);
  }
}

/** What TypeORM decides by whether it releases a savepoint or commits. */
function isNested(runner: QueryRunner): boolean {
  return (runner as unknown as { transactionDepth: number }).transactionDepth > 1;
}

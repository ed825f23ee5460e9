import type { DataSource, EntityTarget, ObjectLiteral } from 'typeorm';
import type { BroadcastOptions, BulkMode, RawSqlMode } from './broadcast-options.js';
import type { UpdatePublisher } from './broadcast-port.js';
import type { BroadcastResource } from './broadcast-resource.js';
import { BroadcastCounter, type BroadcastCounts } from './broadcast-counts.js';
import { BroadcastPlans } from './broadcast-plans.js';
import { BroadcastScope } from './broadcast-scope.js';
import { ChangeCollector } from './change-collector.js';
import { CriteriaWrites } from './criteria-writes.js';
import type { Delivery } from './delivery.js';
import { transactsInSql } from './driver-traits.js';
import { type BroadcastLogger, FaultLog } from './fault-log.js';
import { InsertWrites } from './insert-writes.js';
import { invalidBroadcast } from './invalid-broadcast.js';
import { MemoryDelivery } from './memory-delivery.js';
import { createOutboxDelivery, type OutboxSettings } from './outbox/create-outbox-delivery.js';
import type { OutboxStatus } from './outbox/outbox.js';
import { WrappedWrites } from './outbox/wrapped-writes.js';
import { PublishQueue } from './publish-queue.js';
import { RawWrites } from './raw-writes.js';
import { RunnerStates } from './runner-state.js';
import { TransactionFollower } from './transaction-follower.js';
import { TriggerDelivery, type TriggerSettings } from './trigger/trigger-delivery.js';
import { TypeOrmSubscriber } from './typeorm-subscriber.js';
import { watchBuilders } from './watched-builders.js';

export interface EntityBroadcasterOptions {
  readonly publisher: UpdatePublisher;
  readonly logger: BroadcastLogger;
  /** Base of relative and default topics. */
  readonly publicUrl?: string | undefined;
  /** What becomes of writes that name no row, where a declaration does not say. Default `'warn'`. */
  readonly bulk?: BulkMode | undefined;
  /** Stores updates with the transactions that made the changes. Default: they are handed over in memory. */
  readonly outbox?: OutboxSettings | undefined;
  /** Publishes what triggers write down. Default: no entity may be told by them. */
  readonly triggers?: TriggerSettings | undefined;
  /** Rows of one write that `bulk: 'ids'` names. Default 1,000. */
  readonly maxBulkRows?: number | undefined;
  /** What becomes of raw SQL on tables of which something is told. Default `'warn'`, in production `'ignore'`. */
  readonly rawSql?: RawSqlMode | undefined;
}

/** `@Broadcast` without Nest: follows DataSources and tells what happens to their decorated entities. */
export class EntityBroadcaster {
  /** What holds for the writes of a caller. */
  readonly scope = new BroadcastScope();
  /** Of what events tell. */
  readonly #plans: BroadcastPlans;
  /** Of what triggers tell. */
  readonly #triggerPlans: BroadcastPlans;
  readonly #delivery: Delivery;
  readonly #triggers: TriggerDelivery;
  readonly #subscriber: TypeOrmSubscriber;
  readonly #criteria: CriteriaWrites;
  readonly #inserts: InsertWrites;
  readonly #raw: RawWrites;
  readonly #wrapped: WrappedWrites | undefined;
  readonly #counts = new BroadcastCounter();
  readonly #attached = new Set<DataSource>();
  readonly #watched = new Set<DataSource>();
  #isClosed = false;

  constructor({
    publisher,
    logger,
    publicUrl,
    bulk = 'warn',
    maxBulkRows = 1_000,
    rawSql = process.env['NODE_ENV'] === 'production' ? 'ignore' : 'warn',
    outbox,
    triggers,
  }: EntityBroadcasterOptions) {
    const faults = new FaultLog(logger);
    this.#plans = new BroadcastPlans('events', {
      publicUrl,
      bulk,
      delivery: outbox ? 'outbox' : 'memory',
    });
    // As in an outbox: what waits, waits in the database.
    this.#triggerPlans = new BroadcastPlans('trigger', { publicUrl, bulk, delivery: 'outbox' });
    const counts = this.#counts;
    const telling = { plans: this.#plans, faults, counts };
    const states = new RunnerStates();
    this.#delivery = outbox
      ? createOutboxDelivery(telling, states, outbox)
      : new MemoryDelivery(telling, new PublishQueue(publisher, telling), states);
    this.#triggers = new TriggerDelivery({ plans: this.#triggerPlans, faults, counts }, this.scope, triggers);
    const collector = new ChangeCollector(telling, this.#delivery, this.scope, states);
    const transactions = new TransactionFollower(this.#delivery, states, faults);
    this.#raw = new RawWrites(collector.recorder, telling, this.scope, rawSql);
    this.#inserts = new InsertWrites(collector.recorder, telling, this.scope);
    this.#subscriber = new TypeOrmSubscriber(collector, transactions, this.#inserts, this.#raw);
    if (outbox?.wrapAutocommit) this.#wrapped = new WrappedWrites(this.#plans, this.scope);
    this.#criteria = new CriteriaWrites(collector.recorder, telling, this.scope, maxBulkRows);
  }

  /**
   * Follows a DataSource from now on, or from its initialization, and every later one.
   *
   * @throws MercureError BROADCAST_INVALID; of a DataSource that is not initialized, from its `initialize()`
   */
  attach(dataSource: DataSource): void {
    if (dataSource.isInitialized) this.#follow(dataSource);
    if (this.#attached.has(dataSource)) return;
    this.#attached.add(dataSource);
    const initialize = dataSource.initialize.bind(dataSource);
    const destroy = dataSource.destroy.bind(dataSource);
    // TypeORM rebuilds the array of subscribers each time; what was pushed before is lost.
    dataSource.initialize = async () => {
      await initialize();
      if (this.#isClosed) return dataSource;
      try {
        this.#follow(dataSource);
        await this.open(dataSource);
      } catch (error) {
        // As TypeORM does where something of its own fails.
        await destroy();
        throw error;
      }
      return dataSource;
    };
    dataSource.destroy = async () => {
      await this.#triggers.close(dataSource);
      if (!this.#isClosed) await this.#delivery.close(dataSource);
      await destroy();
    };
  }

  /**
   * Begins delivering what an attached DataSource changes, where it is initialized and something of it is told. By
   * itself it begins with the first change.
   *
   * @throws MercureError OPTIONS_INVALID where it has no outbox
   */
  async open(dataSource: DataSource): Promise<void> {
    if (dataSource.isInitialized) await this.#triggers.open(dataSource);
    if (dataSource.subscribers.includes(this.#subscriber)) await this.#delivery.open(dataSource);
  }

  /**
   * Declares an entity that has no decorator, in every DataSource there is and will be.
   *
   * @param target its class, or the name of a schema without one
   * @throws MercureError BROADCAST_INVALID, at once where the entity is known
   */
  register(target: object | string, options: BroadcastOptions): void {
    const all = [this.#plans, this.#triggerPlans].map((plans) => plans.register(target, options));
    const takeBack = (): void => all.forEach((each) => each());
    try {
      for (const dataSource of this.#attached) {
        if (!dataSource.isInitialized) continue;
        this.#follow(dataSource);
        this.#triggers.openLate(dataSource);
      }
    } catch (error) {
      takeBack();
      throw error;
    }
  }

  /**
   * What is told of an entity by its first declaration; undefined where it is not broadcast, or its DataSource is not
   * initialized.
   *
   * @param target its class, or the name of a schema without one
   */
  resourceOf(target: object | string): BroadcastResource | undefined {
    for (const dataSource of this.#attached) {
      const entity = target as EntityTarget<ObjectLiteral>;
      if (!dataSource.isInitialized || !dataSource.hasMetadata(entity)) continue;
      const metadata = dataSource.getMetadata(entity);
      const [plan] = this.#plans.of(metadata) ?? this.#triggerPlans.of(metadata) ?? [];
      if (plan) return plan.resource;
    }
    return undefined;
  }

  /** Whether every DataSource it follows is initialized, so that an entity nothing is known of is not broadcast. */
  get knowsAll(): boolean {
    return [...this.#attached].every(({ isInitialized }) => isInitialized);
  }

  /** Resolves when every change committed before has been handed to the hub. */
  async flush(): Promise<void> {
    await this.#delivery.flush();
    await this.#triggers.flush();
  }

  /** What waits in outboxes, and for triggers' leaders. */
  async status(): Promise<readonly OutboxStatus[]> {
    return [...(await this.#delivery.status()), ...(await this.#triggers.status())];
  }

  /** What has become of changes so far. */
  get counts(): readonly BroadcastCounts[] {
    return this.#counts.all;
  }

  /** Ends delivering for good, when what is in memory is handed over; what is stored stays there. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#triggers.close();
    await this.#delivery.close();
  }

  #follow(dataSource: DataSource): void {
    const decorated = dataSource.entityMetadatas.filter((metadata) => this.#plans.add(metadata));
    this.#raw.follow(dataSource);
    if (decorated.length > 0) this.#watch(dataSource);
    for (const metadata of dataSource.entityMetadatas) this.#triggerPlans.add(metadata);
    this.#triggers.follow(dataSource);
    const [first] = decorated;
    if (first && !transactsInSql(dataSource)) {
      const fault = `its database ("${dataSource.options.type}") is not one whose transactions can be followed`;
      throw invalidBroadcast(first, fault, 'Use SQLite, PostgreSQL, MySQL or MariaDB.');
    }
    if (!first || dataSource.subscribers.includes(this.#subscriber)) return;
    // First in line: a subscriber of the application that throws keeps those after it from hearing of the commit.
    dataSource.subscribers.unshift(this.#subscriber);
  }

  /** Of criteria writes nobody but their builders knows the condition, and of inserts what conflicts mean. */
  #watch(dataSource: DataSource): void {
    if (this.#watched.has(dataSource)) return;
    this.#watched.add(dataSource);
    watchBuilders(dataSource, {
      execute: (builder, run) => {
        if (!dataSource.subscribers.includes(this.#subscriber)) return run();
        const writes = builder.expressionMap.queryType === 'insert' ? this.#inserts : this.#criteria;
        const execute = () => writes.execute(dataSource, builder, run);
        return this.#wrapped ? this.#wrapped.execute(dataSource, builder, execute) : execute();
      },
      sends: (query) => this.#raw.own(query),
    });
  }
}

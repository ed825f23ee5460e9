import type { DataSource, EntityMetadata } from 'typeorm';
import { MercureError } from '../../errors.js';
import type { BroadcastScope } from '../broadcast-scope.js';
import { invalidBroadcast } from '../invalid-broadcast.js';
import { Leader } from '../outbox/leader.js';
import type { OutboxHub } from '../outbox/outbox-hub.js';
import type { OutboxStatus } from '../outbox/outbox.js';
import { RowPublisher } from '../outbox/row-publisher.js';
import { ServerSession } from '../outbox/server-session.js';
import type { Telling } from '../tell-changes.js';
import { ChangeDrain } from './change-drain.js';
import { changeQueueSql } from './change-queue.js';
import { findTriggers } from './find-triggers.js';
import { type Query, type QueueTable, queueTable } from './trigger-sql.js';
import { TriggerSubscriber } from './trigger-subscriber.js';

export interface TriggerSettings {
  readonly hub: OutboxHub;
  /** Begins the names of what the migration made. */
  readonly prefix: string;
}

/** Milliseconds between commits that are heard: each costs the leader a look. */
const HEAR_MS = 5;

/** The queue of one DataSource, and its leader. */
interface Draining {
  readonly leader: Leader;
  status(): Promise<OutboxStatus>;
  wake(): void;
}

/** Publishes what the triggers of each DataSource write down: of entities that are told by them, and by nothing else. */
export class TriggerDelivery {
  readonly #draining = new Map<DataSource, Promise<Draining>>();
  /** Those that are there by now: commits are heard without waiting. */
  readonly #awake = new Map<DataSource, Draining>();

  /** Whose triggers are there. */
  readonly #found = new WeakSet<EntityMetadata>();
  readonly #subscriber: TriggerSubscriber;

  /** @param telling whose plans are of entities told by triggers, and of no others */
  constructor(
    private readonly telling: Telling,
    scope: BroadcastScope,
    private readonly settings: TriggerSettings | undefined,
  ) {
    this.#subscriber = new TriggerSubscriber(this, scope);
  }

  /** Hears of a DataSource's statements, where entities are told by triggers. @throws MercureError BROADCAST_INVALID */
  follow(dataSource: DataSource): void {
    const [first] = this.#entitiesOf(dataSource);
    if (first && (dataSource.options.type !== 'postgres' || !this.settings)) {
      const why = this.settings
        ? `and there are none of ours in "${dataSource.options.type}"`
        : 'without a hub';
      throw invalidBroadcast(first, `by "trigger", ${why}`, 'Leave "by" out: it is told by events.');
    }
    if (first && !dataSource.subscribers.includes(this.#subscriber))
      dataSource.subscribers.push(this.#subscriber);
  }

  /**
   * Begins publishing, where entities are told by triggers.
   *
   * @throws MercureError BROADCAST_INVALID where the triggers are not there or of other columns; OPTIONS_INVALID where
   * there is no session
   */
  async open(dataSource: DataSource): Promise<void> {
    if (this.#entitiesOf(dataSource).length === 0 || !this.settings) return;
    let opening = this.#draining.get(dataSource);
    if (!opening) {
      opening = this.#open(dataSource, this.settings);
      this.#draining.set(dataSource, opening);
      opening.then(
        (draining) => this.#awake.set(dataSource, draining),
        () => this.#draining.delete(dataSource),
      );
    }
    await opening;
    // One that was declared meanwhile.
    await this.#find(dataSource, this.settings);
  }

  /** The same of what was declared when the application had started: what is refused is told. Never throws. */
  openLate(dataSource: DataSource): void {
    this.open(dataSource).catch((error: unknown) => {
      const remedy = error instanceof MercureError ? error.remedy : 'It is not told.';
      this.telling.faults.error('Broadcast by "trigger"', error, remedy);
    });
  }

  /** Something may have been committed there. Never throws. */
  committed(dataSource: DataSource): void {
    this.#awake.get(dataSource)?.wake();
  }

  /** Resolves when everything that was committed before is with the hub. */
  async flush(): Promise<void> {
    for (const opening of this.#draining.values())
      await (await opening.catch(() => undefined))?.leader.flush();
  }

  /** What waits in the queues. @throws what a database throws */
  async status(): Promise<readonly OutboxStatus[]> {
    return Promise.all([...this.#draining.values()].map(async (opening) => (await opening).status()));
  }

  /** Ends publishing, of one DataSource or of all; what waits is published by others, or after a restart. Never rejects. */
  async close(dataSource?: DataSource): Promise<void> {
    const closing = dataSource ? [dataSource] : [...this.#draining.keys()];
    await Promise.all(
      closing.map(async (each) => {
        const draining = await this.#draining.get(each)?.catch(() => undefined);
        this.#draining.delete(each);
        this.#awake.delete(each);
        await draining?.leader.close();
      }),
    );
  }

  #entitiesOf({ entityMetadatas }: DataSource): EntityMetadata[] {
    return entityMetadatas.filter((metadata) => this.telling.plans.of(metadata));
  }

  /** The queue of the entities, whose triggers are there. */
  async #find(dataSource: DataSource, { prefix }: TriggerSettings): Promise<QueueTable> {
    const { options } = dataSource;
    const query: Query = (sql, parameters) => dataSource.query(sql, parameters);
    const queue = await queueTable(query, 'schema' in options ? options.schema : undefined, prefix);
    for (const metadata of this.#entitiesOf(dataSource)) {
      if (this.#found.has(metadata)) continue;
      await findTriggers(query, metadata, queue);
      this.#found.add(metadata);
    }
    return queue;
  }

  async #open(dataSource: DataSource, settings: TriggerSettings): Promise<Draining> {
    const { telling } = this;
    const { faults } = telling;
    const { hub } = settings;
    await hub.started();
    const queue = await this.#find(dataSource, settings);
    const session = new ServerSession(dataSource, queue.path, {
      what: '@Broadcast() by "trigger"',
      otherwise: 'leave "by" out',
    });
    const sql = changeQueueSql(queue);
    try {
      await session.query(sql.waits);
    } catch (error) {
      await session.close();
      throw error;
    }
    const publisher = new RowPublisher(hub, faults, 'Until then followers must read again.');
    const work = new ChangeDrain({ dataSource, session, sql, hub, publisher, telling });
    const leader = new Leader({ session, work, faults, fault: 'The queue of triggers is not published' });
    leader.start();
    let timer: NodeJS.Timeout | undefined;
    return {
      leader,
      async status() {
        const [found] = (await dataSource.query(sql.status)) as [{ pending: string; oldest: string }];
        const oldestMs = Math.max(0, Math.round(Number(found.oldest)));
        return { pending: Number(found.pending), oldestMs, refused: 0, leading: leader.isLeading };
      },
      wake() {
        timer ??= setTimeout(() => {
          timer = undefined;
          leader.wake();
        }, HEAR_MS).unref();
      },
    };
  }
}

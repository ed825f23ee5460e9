import {
  type BeforeApplicationShutdown,
  Logger,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { MercureError } from '../errors.js';
import type { BroadcastCounts } from './broadcast-counts.js';
import type { BroadcastDefaults, BroadcastOptions } from './broadcast-options.js';
import type { UpdatePublisher } from './broadcast-port.js';
import type { BroadcastResource } from './broadcast-resource.js';
import { atMost } from './at-most.js';
import { EntityBroadcaster } from './entity-broadcaster.js';
import type { BroadcastLogger } from './fault-log.js';
import { findDataSources } from './find-data-sources.js';
import type { OutboxSettings } from './outbox/create-outbox-delivery.js';
import type { OutboxHub } from './outbox/outbox-hub.js';
import type { OutboxStatus } from './outbox/outbox.js';
import type { TriggerSettings } from './trigger/trigger-delivery.js';

/** What the service is made of. */
export interface BroadcastServiceOptions {
  /** The hub. */
  readonly publisher: UpdatePublisher;
  /** Where DataSources are looked for. */
  readonly modules: ModulesContainer;
  /** Base of relative and default topics. Default none: a declaration that needs it refuses to start. */
  readonly publicUrl?: string | undefined;
  /** The module's option `broadcast`; `false` follows nothing. Default `{}`. */
  readonly broadcast?: BroadcastDefaults | false | undefined;
  /** The hub, as outboxes need it. Default: its delivery is by memory only. */
  readonly hub?: OutboxHub | undefined;
  /** Default: Nest's Logger, with the context `Broadcast`. */
  readonly logger?: BroadcastLogger;
}

/** An entity: its class, the name of its schema, or the `EntitySchema` itself. */
export type BroadcastTarget<Entity extends object> =
  | (abstract new (...args: never[]) => Entity)
  | string
  | { readonly options: { readonly name: string; readonly target?: unknown } };

/**
 * Follows the application's DataSources for `@Broadcast()`: attaches when modules are initialized, hands over what is
 * on its way while they are destroyed, and what each DataSource has left before it closes its connections.
 */
export class BroadcastService
  implements OnModuleInit, OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown
{
  readonly #options: BroadcastServiceOptions;
  readonly #broadcaster: EntityBroadcaster;

  constructor(options: BroadcastServiceOptions) {
    this.#options = options;
    this.#broadcaster = new EntityBroadcaster({
      publisher: options.publisher,
      publicUrl: options.publicUrl,
      ...(options.broadcast && {
        bulk: options.broadcast.bulk,
        maxBulkRows: options.broadcast.maxBulkRows,
        rawSql: options.broadcast.rawSql,
      }),
      logger: options.logger ?? new Logger('Broadcast'),
      outbox: outboxOf(options),
      triggers: triggersOf(options),
    });
  }

  /**
   * Called by Nest. A DataSource that is not initialized yet is followed when it is.
   *
   * @throws MercureError BROADCAST_INVALID for a declaration, OPTIONS_INVALID for a token in `dataSources`, and where
   * delivery is by outbox and a database has none
   */
  async onModuleInit(): Promise<void> {
    const { broadcast = {}, modules } = this.#options;
    if (broadcast === false) return;
    const dataSources = findDataSources(modules, broadcast.dataSources);
    for (const dataSource of dataSources) this.#broadcaster.attach(dataSource);
    await Promise.all(dataSources.map((dataSource) => this.#broadcaster.open(dataSource)));
  }

  /**
   * Declares what `@Broadcast()` would, of an entity that cannot be decorated: an `EntitySchema`, or another package's
   * class. It adds to the entity's other declarations, and may be called at any time; earlier changes are not told.
   *
   * @throws MercureError BROADCAST_INVALID for the options; where the entity is not known yet, when it is
   */
  register<Entity extends object>(
    target: BroadcastTarget<Entity>,
    options: BroadcastOptions<Entity> = {},
  ): void {
    // As with the decorator: functions of an entity are only ever applied to that entity.
    this.#broadcaster.register(entityOf(target), options as BroadcastOptions);
  }

  /**
   * The canonical topic of a row, as its updates have it: to grant it (`MercureService.authorize()`), or to publish
   * something of your own beside them.
   *
   * @param row an entity, or an object with the columns the topic needs; a `topic` that is a function needs them all
   * @throws MercureError BROADCAST_INVALID where the entity is not broadcast, or a column of its topic is not known
   */
  topicOf<Entity extends object>(target: BroadcastTarget<Entity>, row: Partial<Entity>): string {
    const topic = this.resourceOf(target)?.topicOf(row);
    if (topic !== undefined) return topic;
    const name = nameOf(target);
    throw this.resourceOf(target)
      ? invalidTarget(
          `"${name}" has no topic for that row`,
          'Give it every column and relation of the topic; none may be null.',
        )
      : invalidTarget(
          `"${name}" is not broadcast`,
          'Decorate it with @Broadcast(), and initialize its DataSource.',
        );
  }

  /**
   * What is told of an entity to those who read it, by its first declaration; undefined where it is not broadcast or
   * not known yet. For `@MercureResource()`.
   */
  resourceOf(target: BroadcastTarget<object>): BroadcastResource | undefined {
    return this.#broadcaster.resourceOf(entityOf(target));
  }

  /** Whether an entity that is not known now will not be known later. */
  get knowsAll(): boolean {
    return this.#options.broadcast !== false && this.#broadcaster.knowsAll;
  }

  /**
   * Whether changes are told at all. What is written while it is `false`, by seeds or migrations, is never told.
   * Default true.
   */
  get enabled(): boolean {
    return this.#broadcaster.scope.enabled;
  }

  set enabled(enabled: boolean) {
    this.#broadcaster.scope.enabled = enabled;
  }

  /**
   * Runs work whose writes are not told; of others at the same time they are, in the same transaction too. Returns
   * what it returns; asynchronous work is followed to its end.
   */
  suppress<T>(work: () => T): T {
    return this.#broadcaster.scope.suppress(work);
  }

  /**
   * Runs work whose updates say who made them, as the member `originator` of their payloads: an id that a client makes
   * up for itself, by which it knows its own echo. All followers see it, so it must be no secret. Undefined is nobody. Returns what the
   * work returns, as a middleware's `next()`; asynchronous work is followed to its end.
   */
  originate<T>(originator: string | undefined, work: () => T): T {
    return this.#broadcaster.scope.originate(originator, work);
  }

  /**
   * Resolves when the changes of every write that has resolved before are with the hub. For tests; writes never wait
   * for the hub by themselves.
   */
  flush(): Promise<void> {
    return this.#broadcaster.flush();
  }

  /**
   * What waits in the outboxes of the DataSources, one for each that has a table, and in the queues of triggers; empty
   * where nothing ever waits.
   *
   * @throws what a database throws
   */
  outboxes(): Promise<readonly OutboxStatus[]> {
    return this.#broadcaster.status();
  }

  /**
   * What has become of the changes of each entity, in this process since it started: of those of which there is
   * anything to count.
   */
  counts(): readonly BroadcastCounts[] {
    return this.#broadcaster.counts;
  }

  /** Called by Nest when a shutdown begins. */
  onModuleDestroy(): Promise<void> {
    return atMost(this.flush());
  }

  /** Called by Nest before streams end: requests may have written since. */
  beforeApplicationShutdown(): Promise<void> {
    return atMost(this.flush());
  }

  /** Called by Nest when the server is closed, and the last request has committed what it wrote. */
  async onApplicationShutdown(): Promise<void> {
    await atMost(this.flush());
    await this.#broadcaster.close();
  }
}

function outboxOf({ broadcast, hub }: BroadcastServiceOptions): OutboxSettings | undefined {
  if (!hub || !broadcast || broadcast.delivery !== 'outbox') return undefined;
  const { prefix = 'mercure_', migrate = false, wrapAutocommit = false } = broadcast.outbox ?? {};
  return { hub, prefix, migrate, wrapAutocommit };
}

function triggersOf({ broadcast, hub }: BroadcastServiceOptions): TriggerSettings | undefined {
  if (!hub || broadcast === false) return undefined;
  return { hub, prefix: broadcast?.outbox?.prefix ?? 'mercure_' };
}

function nameOf(target: BroadcastTarget<object>): string {
  if (typeof target === 'string') return target;
  return typeof target === 'function' ? target.name : target.options.name;
}

function invalidTarget(fault: string, remedy: string): MercureError {
  return new MercureError('BROADCAST_INVALID', 500, `Entity ${fault}. ${remedy}`, remedy);
}

/** TypeORM's own word for an entity: `EntityMetadata.target`. */
function entityOf(target: BroadcastTarget<object>): object | string {
  if (typeof target !== 'object') return target;
  const { name, target: classOf } = target.options;
  return typeof classOf === 'function' ? classOf : name;
}

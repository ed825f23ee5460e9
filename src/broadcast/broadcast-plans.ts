import type { EntityMetadata } from 'typeorm';
import { broadcastsOf } from './broadcast-metadata.js';
import type { BroadcastOptions } from './broadcast-options.js';
import { type BroadcastPlan, type PlanDefaults, planBroadcast } from './broadcast-plan.js';

/** What is told of each entity. */
export class BroadcastPlans {
  readonly #plans = new WeakMap<EntityMetadata, readonly BroadcastPlan[]>();

  readonly #registered = new Map<object | string, readonly BroadcastOptions[]>();

  constructor(private readonly defaults: PlanDefaults) {}

  /**
   * Adds a declaration to an entity known by its class or, of a schema without one, by its name.
   *
   * @returns takes it back
   */
  register(target: object | string, options: BroadcastOptions): () => void {
    const earlier = this.#registered.get(target) ?? [];
    this.#registered.set(target, [...earlier, options]);
    return () => this.#registered.set(target, earlier);
  }

  /**
   * Reads and checks the declarations on an entity.
   *
   * @returns whether anything is told of it
   * @throws MercureError BROADCAST_INVALID
   */
  add(metadata: EntityMetadata): boolean {
    const declared = broadcastsOf(metadata.target, (target) => this.#registered.get(target) ?? []);
    const plans = declared.map((options) => planBroadcast(options, metadata, this.defaults));
    if (plans.length > 0) this.#plans.set(metadata, plans);
    return plans.length > 0;
  }

  /** Whether events of an entity may tell something: of itself, or of its children's rows written through it. */
  concern(metadata: EntityMetadata): boolean {
    return this.#plans.has(metadata) || metadata.childEntityMetadatas.some((child) => this.#plans.has(child));
  }

  /** The entities whose rows a write to one may have changed: itself, and its children in the same table. */
  within(metadata: EntityMetadata): readonly EntityMetadata[] {
    return [metadata, ...metadata.childEntityMetadatas].filter((each) => this.#plans.has(each));
  }

  /** The plans of an entity, undefined where nothing is told of it. */
  of(metadata: EntityMetadata): readonly BroadcastPlan[] | undefined {
    return this.#plans.get(metadata);
  }

  /** Property paths of the relations whose foreign keys are read with an entity's rows. */
  relationsOf(metadata: EntityMetadata): readonly string[] {
    return [...new Set(this.of(metadata)?.flatMap(({ relations }) => relations))];
  }
}

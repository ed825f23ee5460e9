import type { EntityMetadata } from 'typeorm';
import { broadcastsOf } from './broadcast-metadata.js';
import type { BroadcastOptions } from './broadcast-options.js';
import { type BroadcastPlan, type PlanDefaults, planBroadcast } from './broadcast-plan.js';
import type { Touch } from './compile-touch.js';
import { type JunctionSide, junctionSide } from './junction-sides.js';

const NONE: readonly never[] = [];

/** What is told of each entity. */
export class BroadcastPlans {
  readonly #plans = new WeakMap<EntityMetadata, readonly BroadcastPlan[]>();
  /** By the entity that changes. */
  readonly #touches = new WeakMap<EntityMetadata, readonly Touch[]>();
  /** By the junction table, then by the relation whose side it is. */
  readonly #sides = new WeakMap<EntityMetadata, Map<object, JunctionSide>>();
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
    if (plans.length === 0) return false;
    this.#plans.set(metadata, plans);
    const touches = plans.flatMap((plan) => plan.touches.map((touch) => [touch.relation, touch] as const));
    if (touches.length > 0) this.#touches.set(metadata, [...new Map(touches).values()]);
    for (const path of new Set(plans.flatMap(({ links }) => [...links]))) this.#addSide(metadata, path);
    return true;
  }

  /** Whether events of an entity may tell something: of itself, or of its children's rows written through it. */
  concern(metadata: EntityMetadata): boolean {
    return this.#plans.has(metadata) || metadata.childEntityMetadatas.some((child) => this.#plans.has(child));
  }

  /** The entities whose rows a write to one may have changed: itself, and its children in the same table. */
  within(metadata: EntityMetadata): readonly EntityMetadata[] {
    return [metadata, ...metadata.childEntityMetadatas].filter((each) => this.#plans.has(each));
  }

  /** Whether a declaration asks for the rows of writes that do not name them. */
  nameRows(metadata: EntityMetadata): boolean {
    return this.within(metadata).some((each) => this.of(each)?.some(({ bulk }) => bulk.mode === 'ids'));
  }

  /** The plans of an entity, undefined where nothing is told of it. */
  of(metadata: EntityMetadata): readonly BroadcastPlan[] | undefined {
    return this.#plans.get(metadata);
  }

  /** The relations whose rows each change of an entity touches. */
  touchesOf(metadata: EntityMetadata): readonly Touch[] {
    return this.#touches.get(metadata) ?? NONE;
  }

  /** The sides that are told of a junction table's rows. */
  sidesOf(junction: EntityMetadata): readonly JunctionSide[] {
    return [...(this.#sides.get(junction)?.values() ?? NONE)];
  }

  /** Property paths of the relations whose foreign keys are read with an entity's rows. */
  relationsOf(metadata: EntityMetadata): readonly string[] {
    return [...new Set(this.of(metadata)?.flatMap(({ relations }) => relations))];
  }

  #addSide(metadata: EntityMetadata, path: string): void {
    const relation = metadata.manyToManyRelations.find(({ propertyPath }) => propertyPath === path);
    const junction = relation?.junctionEntityMetadata;
    if (!relation || !junction) return;
    const sides = this.#sides.get(junction) ?? new Map<object, JunctionSide>();
    this.#sides.set(junction, sides.set(relation, junctionSide(relation)));
  }
}

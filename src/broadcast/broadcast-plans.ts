import type { EntityMetadata } from 'typeorm';
import { broadcastsOf } from './broadcast-metadata.js';
import type { BroadcastOptions, BroadcastSource } from './broadcast-options.js';
import { type BroadcastPlan, type PlanDefaults, planBroadcast } from './broadcast-plan.js';
import type { RelationRules } from './compile-relations.js';
import type { Touch } from './compile-touch.js';
import { invalidBroadcast } from './invalid-broadcast.js';
import { type JunctionSide, junctionSide } from './junction-sides.js';
import type { Reading } from './read-entities.js';

const NONE: readonly never[] = [];

/** What is told of each entity, of those that one source tells. */
export class BroadcastPlans {
  readonly #plans = new WeakMap<EntityMetadata, readonly BroadcastPlan[]>();
  /** What is read of rows, and of those that are about to be removed. */
  readonly #readings = new WeakMap<EntityMetadata, { readonly now: Reading; readonly removal: Reading }>();
  /** By the entity that changes. */
  readonly #touches = new WeakMap<EntityMetadata, readonly Touch[]>();
  /** By the junction table, then by the relation whose side it is. */
  readonly #sides = new WeakMap<EntityMetadata, Map<object, JunctionSide>>();
  readonly #registered = new Map<object | string, readonly BroadcastOptions[]>();

  constructor(
    private readonly source: BroadcastSource,
    private readonly defaults: PlanDefaults,
  ) {}

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
   * @returns whether anything is told of it by this source
   * @throws MercureError BROADCAST_INVALID
   */
  add(metadata: EntityMetadata): boolean {
    if (this.#sourceOf(metadata) !== this.source) return false;
    const touched: RelationRules['touched'] = ({ inverseEntityMetadata, inverseRelation }) =>
      this.#declaredOn(inverseEntityMetadata).some(
        ({ touch }) => inverseRelation && touch?.includes(inverseRelation.propertyPath),
      );
    const plans = this.#declaredOn(metadata).map((options) =>
      planBroadcast(options, metadata, this.defaults, touched),
    );
    for (const touch of plans.flatMap(({ touches }) => touches)) this.#checkTouch(touch, metadata);
    this.#plans.set(metadata, plans);
    const judging = plans.map((plan) => (plan.judgesDeletes ? plan : { ...plan, carried: NONE }));
    this.#readings.set(metadata, {
      now: readingOf(metadata, plans),
      removal: { ...readingOf(metadata, judging), withDeleted: true },
    });
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

  /** What is read of an entity's rows. */
  readingOf(metadata: EntityMetadata): Reading {
    return this.#readings.get(metadata)?.now ?? readingOf(metadata, NONE);
  }

  /** What is read of a row that is about to be removed, beside its columns. */
  removalOf(metadata: EntityMetadata): Reading {
    return this.#readings.get(metadata)?.removal ?? { ...readingOf(metadata, NONE), withDeleted: true };
  }

  /** Undefined where nothing is declared. */
  #sourceOf(metadata: EntityMetadata): BroadcastSource | undefined {
    const [source, ...others] = new Set(this.#declaredOn(metadata).map(({ by = 'events' }) => by));
    if (source !== undefined && source !== 'events' && source !== 'trigger') {
      throw invalidBroadcast(metadata, 'option "by" is not one of its sources', 'Use "events" or "trigger".');
    }
    if (others.length > 0) {
      throw invalidBroadcast(
        metadata,
        'option "by" differs between its declarations',
        'Use the same in all.',
      );
    }
    return source;
  }

  /** Of what two sources tell on one topic nobody would know which is newer. */
  #checkTouch({ relation, metadata: touched }: Touch, metadata: EntityMetadata): void {
    const source = this.#sourceOf(touched);
    if (source === undefined || source === this.source) return;
    throw invalidBroadcast(
      metadata,
      `option "touch" names "${relation}", which is told by "${source}"`,
      'Declare the same "by" on both.',
    );
  }

  #declaredOn({ target }: EntityMetadata): readonly BroadcastOptions[] {
    return broadcastsOf(target, (each) => this.#registered.get(each) ?? NONE);
  }

  #addSide(metadata: EntityMetadata, path: string): void {
    const relation = metadata.manyToManyRelations.find(({ propertyPath }) => propertyPath === path);
    const junction = relation?.junctionEntityMetadata;
    if (!relation || !junction) return;
    const sides = this.#sides.get(junction) ?? new Map<object, JunctionSide>();
    this.#sides.set(junction, sides.set(relation, junctionSide(relation)));
  }
}

/** What several declarations need together. */
function readingOf(
  metadata: EntityMetadata,
  plans: readonly Pick<BroadcastPlan, 'relations' | 'carried'>[],
): Reading {
  const carried = plans.flatMap((plan) => plan.carried);
  const linked = carried.flatMap(({ links }) => (links ? [[links.path, links] as const] : []));
  return {
    metadata,
    relations: [
      ...new Set([
        ...plans.flatMap(({ relations }) => relations),
        ...carried.flatMap(({ name, isRead }) => (isRead ? name : [])),
      ]),
    ],
    linked: [...new Map(linked).values()],
  };
}

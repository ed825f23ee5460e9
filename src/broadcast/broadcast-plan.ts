import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { BroadcastOptions, BulkMode, DeliveryMode } from './broadcast-options.js';
import type { BroadcastResource } from './broadcast-resource.js';
import { type BulkPlan, compileBulk } from './bulk-plan.js';
import { compileInverse } from './compile-inverse.js';
import { compileCollection, compileTopics, joinTopics, type Topics } from './compile-topics.js';
import { type CarriedRelation, compileRelations, type RelationRules } from './compile-relations.js';
import { compileResource } from './compile-resource.js';
import { compileTouch, type Touch } from './compile-touch.js';
import { invalidBroadcast } from './invalid-broadcast.js';
import { refuseUnknownOptions } from './known-options.js';
import { compileType, type TypeOf } from './event-type.js';
import { compileRules, type OperationRules } from './operation-rules.js';
import { compilePayloads, type Payloads } from './payloads.js';
import { compileWindow, type WindowPlan } from './window-plan.js';

/** One declaration, checked and ready to be applied to rows. */
export interface BroadcastPlan {
  readonly rules: OperationRules;
  /** Property paths of the relations whose foreign keys must be read with a row. */
  readonly relations: readonly string[];
  /** Property paths of the many-to-many relations whose links are updates. */
  readonly links: ReadonlySet<string>;
  /** Whether what came and went in a relation is an update by itself. */
  readonly hears: (relation: string) => boolean;
  readonly touches: readonly Touch[];
  /** The relations that followers see. */
  readonly carried: readonly CarriedRelation[];
  /** Whether a function is given rows that are deleted, with what followers saw of their relations. */
  readonly judgesDeletes: boolean;
  readonly topics: Topics;
  /** Undefined stands for a row of which nothing but the key is known. */
  readonly isPrivate: (entity: ObjectLiteral | undefined) => boolean;
  readonly payloads: Payloads;
  readonly typeOf: TypeOf;
  /** Undefined where every update is told. */
  readonly window: WindowPlan | undefined;
  readonly bulk: BulkPlan;
  readonly resource: BroadcastResource;
}

/** What holds for every declaration. */
export interface PlanDefaults {
  /** What relative topics are resolved against and default topics begin with. */
  readonly publicUrl: string | undefined;
  readonly bulk: BulkMode;
  readonly delivery: DeliveryMode;
}

const OPTIONS = [
  'by',
  'topic',
  'collection',
  'private',
  'on',
  'create',
  'update',
  'delete',
  'softDelete',
  'recover',
  'inverse',
  'touch',
  'relations',
  'payload',
  'serialize',
  'groups',
  'jsonLd',
  'windowMs',
  'maxWaitMs',
  'bulk',
  'type',
] as const satisfies readonly (keyof BroadcastOptions)[];

/**
 * Checks one declaration against the columns of its entity.
 *
 * @param touched whether rows of a relation tell this entity's when they change
 * @throws MercureError BROADCAST_INVALID naming the entity and the option
 */
export function planBroadcast(
  options: BroadcastOptions,
  metadata: EntityMetadata,
  { publicUrl, bulk, delivery }: PlanDefaults,
  touched: RelationRules['touched'],
): BroadcastPlan {
  refuseUnknownOptions(options, OPTIONS, metadata);
  const { topic, collection = false, private: isPrivate = false } = options;
  if (typeof isPrivate !== 'boolean' && typeof isPrivate !== 'function') {
    throw invalidBroadcast(metadata, 'option "private" is neither a boolean nor a function', 'Use true.');
  }
  checkCollection(collection, isPrivate, metadata);
  const links = compileInverse(options.inverse, metadata);
  const manyToMany = new Set(metadata.manyToManyRelations.map(({ propertyPath }) => propertyPath));
  const touches = compileTouch(options.touch, metadata);
  const rules = compileRules(options, metadata, links);
  const topics = joinTopics([
    compileTopics(topic, metadata, publicUrl),
    ...(collection === false ? [] : [compileCollection(collection, metadata, publicUrl)]),
  ]);
  return {
    rules,
    relations: [
      ...new Set([
        ...topics.relations,
        ...rules.relations,
        ...touches.flatMap(({ isRead, relation }) => (isRead ? relation : [])),
      ]),
    ],
    links,
    hears: (relation) => links.has(relation) || !manyToMany.has(relation),
    touches,
    carried: compileRelations(options.relations, metadata, { links, touched }),
    judgesDeletes: [topic, isPrivate, options.type, ...whensOf(options)].flat().some(isFunction),
    topics,
    isPrivate: privacyOf(isPrivate),
    payloads: compilePayloads(options, metadata, publicUrl),
    typeOf: compileType(options.type, metadata),
    window: compileWindow(options, metadata, delivery),
    bulk: compileBulk(options, metadata, publicUrl, bulk),
    resource: compileResource(options, metadata, publicUrl),
  };
}

/** Whoever may read a collection's topic would be given every private update on it. */
function checkCollection(
  collection: unknown,
  isPrivate: BroadcastOptions['private'],
  metadata: EntityMetadata,
): void {
  if (typeof collection !== 'boolean' && typeof collection !== 'string') {
    throw invalidBroadcast(metadata, 'option "collection" is neither a boolean nor a topic', 'Use true.');
  }
  if (collection !== false && isPrivate !== false) {
    throw invalidBroadcast(
      metadata,
      'option "collection" on a private entity: who may follow the collection would receive every private update',
      'Leave it out, or name a topic of each owner in "topic".',
    );
  }
}

/** Only a plain `false` is public: a forgotten return, a promise, or a row of which nothing is known would leak. */
function privacyOf(isPrivate: boolean | ((entity: object) => boolean)): BroadcastPlan['isPrivate'] {
  if (typeof isPrivate === 'boolean') return () => isPrivate;
  return (entity) => {
    const answer: unknown = entity ? isPrivate(entity) : undefined;
    return answer !== false;
  };
}

function whensOf({ delete: whole, softDelete }: BroadcastOptions): unknown[] {
  return [whole, softDelete].map((rule) => (typeof rule === 'object' ? rule.when : undefined));
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

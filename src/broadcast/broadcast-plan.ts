import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import { nearestName } from '../options/nearest-name.js';
import type { BroadcastOperation, BroadcastOptions } from './broadcast-options.js';
import { compileCollection, compileTopics, joinTopics, type Topics } from './compile-topics.js';
import { invalidBroadcast, quoted } from './invalid-broadcast.js';

/** One declaration, checked and ready to be applied to rows. */
export interface BroadcastPlan {
  readonly on: ReadonlySet<BroadcastOperation>;
  readonly topics: Topics;
  /** Undefined stands for a row of which nothing but the key is known. */
  readonly isPrivate: (entity: ObjectLiteral | undefined) => boolean;
  readonly type: string | undefined;
}

const OPTIONS = [
  'topic',
  'collection',
  'private',
  'on',
  'type',
] as const satisfies readonly (keyof BroadcastOptions)[];
const OPERATIONS: readonly BroadcastOperation[] = ['create', 'update', 'delete'];

/**
 * Checks one declaration against the columns of its entity.
 *
 * @param publicUrl what relative topics are resolved against and default topics begin with
 * @throws MercureError BROADCAST_INVALID naming the entity and the option
 */
export function planBroadcast(
  options: BroadcastOptions,
  metadata: EntityMetadata,
  publicUrl: string | undefined,
): BroadcastPlan {
  refuseUnknownOptions(options, metadata);
  const { topic, collection = false, private: isPrivate = false, on = OPERATIONS, type } = options;
  if (!Array.isArray(on) || on.length === 0 || on.some((operation) => !OPERATIONS.includes(operation))) {
    throw invalidBroadcast(metadata, 'option "on" is not a list of operations', `Use ${quoted(OPERATIONS)}.`);
  }
  if (typeof isPrivate !== 'boolean' && typeof isPrivate !== 'function') {
    throw invalidBroadcast(metadata, 'option "private" is neither a boolean nor a function', 'Use true.');
  }
  checkCollection(collection, isPrivate, metadata);
  if (type !== undefined && (typeof type !== 'string' || /[\r\n\0]/.test(type))) {
    throw invalidBroadcast(metadata, 'option "type" is not one line of text', 'Use a name, or leave it out.');
  }
  return {
    on: new Set(on),
    topics: joinTopics([
      compileTopics(topic, metadata, publicUrl),
      ...(collection === false ? [] : [compileCollection(collection, metadata, publicUrl)]),
    ]),
    isPrivate: privacyOf(isPrivate),
    type,
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

function refuseUnknownOptions(options: BroadcastOptions, metadata: EntityMetadata): void {
  const known: readonly string[] = OPTIONS;
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, OPTIONS);
    const remedy = nearest ? `Did you mean "${nearest.name}"?` : `Use one of ${quoted(OPTIONS)}.`;
    throw invalidBroadcast(metadata, `unknown option "${name}"`, remedy);
  }
}

import { createRequire } from 'node:module';
import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { BroadcastChange, BroadcastOptions } from './broadcast-options.js';
import { invalidBroadcast } from './invalid-broadcast.js';

/** Makes what is sent of an entity. JSON has the last word: a `toJSON()` applies to what it returns. */
export type Serializer = (entity: ObjectLiteral, change: BroadcastChange) => object;

/** What is used of class-transformer, an optional peer. */
interface ClassTransformer {
  instanceToPlain(
    entity: object,
    options: { groups: readonly string[]; excludeExtraneousValues: true },
  ): Record<string, unknown>;
}

/**
 * Makes `serialize` or `groups` applicable; without either the entity is sent as it is.
 *
 * @throws MercureError BROADCAST_INVALID; where class-transformer is needed and not installed, too
 */
export function compileSerializer(options: BroadcastOptions, metadata: EntityMetadata): Serializer {
  const { payload, serialize, groups } = options;
  if (serialize !== undefined && typeof serialize !== 'function') {
    throw invalidBroadcast(metadata, 'option "serialize" is not a function', 'Leave it out.');
  }
  if (groups !== undefined && (!Array.isArray(groups) || groups.some((each) => typeof each !== 'string'))) {
    throw invalidBroadcast(metadata, 'option "groups" is not a list of names', 'Leave it out.');
  }
  if (serialize && groups) {
    throw invalidBroadcast(metadata, 'options "serialize" and "groups" are both there', 'Use one of them.');
  }
  if (payload === 'reference' && (serialize ?? groups)) {
    throw invalidBroadcast(
      metadata,
      'a payload "reference" has no row to serialize',
      'Leave one of them out.',
    );
  }
  if (serialize) return (entity, change) => asObject(serialize(entity, change));
  if (!groups) return (entity) => entity;
  const transformer = loadClassTransformer(metadata);
  // What no group names stays at home: a column added later must not be told by having been forgotten.
  return (entity) => transformer.instanceToPlain(entity, { groups, excludeExtraneousValues: true });
}

function asObject(serialized: unknown): object {
  if (typeof serialized !== 'object' || serialized === null || 'then' in serialized) {
    throw new TypeError('the function "serialize" returned no object');
  }
  return serialized;
}

/** By `require`: declarations are checked while modules are initialized, where nothing waits. */
function loadClassTransformer(metadata: EntityMetadata): ClassTransformer {
  try {
    return createRequire(import.meta.url)('class-transformer') as ClassTransformer;
  } catch (error) {
    throw invalidBroadcast(
      metadata,
      'option "groups" needs class-transformer, which cannot be loaded',
      'Install it, or use "serialize".',
      error,
    );
  }
}

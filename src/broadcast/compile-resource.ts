import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { BroadcastOptions } from './broadcast-options.js';
import type { BroadcastResource } from './broadcast-resource.js';
import { compileTopics, fixedCollection } from './compile-topics.js';
import { relationKeysOf } from './relation-keys.js';

/**
 * Makes a declaration's options answer questions about rows that somebody reads.
 *
 * @throws MercureError BROADCAST_INVALID
 */
export function compileResource(
  options: BroadcastOptions,
  metadata: EntityMetadata,
  publicUrl: string | undefined,
): BroadcastResource {
  const { topic, collection = false, type, relations = [] } = options;
  const [source] = [topic].flat();
  const canonical = compileTopics(source, metadata, publicUrl);
  return {
    topicOf(row, others = {}) {
      const entity = completed(row, metadata, others);
      // A function would write "undefined" into the topic.
      if (typeof source === 'function' && !isWhole(entity, metadata, relations)) return undefined;
      return canonical.of(entity, relationKeysOf(metadata, entity))[0];
    },
    collection: collection === false ? undefined : fixedCollection(collection, metadata, publicUrl),
    contentType: contentTypeOf(options),
    type: typeof type === 'string' && type !== 'operation' ? type : undefined,
  };
}

/** The row with what it does not have, and the methods of its class. */
function completed(
  row: object,
  metadata: EntityMetadata,
  others: Readonly<Record<string, unknown>>,
): ObjectLiteral {
  const { target } = metadata;
  const ofClass = typeof target === 'function' ? (target.prototype as object) : Object.prototype;
  const prototype = ofClass.isPrototypeOf(row) ? (Object.getPrototypeOf(row) as object) : ofClass;
  const entity = Object.assign(Object.create(prototype) as ObjectLiteral, row);
  for (const { propertyPath, isVirtual } of metadata.columns) {
    if (!isVirtual && entity[propertyPath] === undefined && Object.hasOwn(others, propertyPath)) {
      entity[propertyPath] = others[propertyPath];
    }
  }
  return entity;
}

function isWhole(entity: ObjectLiteral, { columns }: EntityMetadata, relations: readonly string[]): boolean {
  return (
    relations.every((name) => entity[name] !== undefined) &&
    columns.every(
      (column) => column.isVirtual || !column.isSelect || column.getEntityValue(entity) !== undefined,
    )
  );
}

function contentTypeOf({ payload, jsonLd = false }: BroadcastOptions): string {
  if (payload === 'merge-patch') return 'application/merge-patch+json';
  return jsonLd === false ? 'application/json' : 'application/ld+json';
}

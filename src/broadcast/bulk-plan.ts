import type { EntityMetadata } from 'typeorm';
import type { BroadcastOperation, BroadcastOptions, BulkMode } from './broadcast-options.js';
import { fixedCollection } from './compile-topics.js';
import { invalidBroadcast, quoted } from './invalid-broadcast.js';

/** What a declaration does about writes that do not say which rows they changed. */
export interface BulkPlan {
  readonly mode: BulkMode;
  /** Where followers of all rows are told to read again; undefined where there is no such topic. */
  readonly collection: string | undefined;
  /** The event's name of what is told there. */
  readonly typeOf: (operation: BroadcastOperation) => string | undefined;
}

const MODES: readonly BulkMode[] = ['warn', 'ignore', 'collection', 'ids'];

/**
 * Reads the option `bulk`.
 *
 * @param fallback the module's
 * @throws MercureError BROADCAST_INVALID
 */
export function compileBulk(
  options: BroadcastOptions,
  metadata: EntityMetadata,
  publicUrl: string | undefined,
  fallback: BulkMode,
): BulkPlan {
  const { bulk, collection = false, type } = options;
  if (bulk !== undefined && !MODES.includes(bulk)) {
    throw invalidBroadcast(metadata, 'option "bulk" is not one of its modes', `Use ${quoted(MODES)}.`);
  }
  const topic = collection === false ? undefined : fixedCollection(collection, metadata, publicUrl);
  if (bulk === 'collection' && topic === undefined) {
    throw invalidBroadcast(
      metadata,
      'option "bulk" is "collection", and no topic is that of all rows',
      'Set "collection" to true, or to a topic without columns.',
    );
  }
  // What the module says holds for many entities; not all of them have a collection that anybody may follow.
  const mode = bulk ?? (fallback === 'collection' && topic === undefined ? 'warn' : fallback);
  return { mode, collection: topic, typeOf: (operation) => typeOfBulk(type, operation) };
}

/**
 * What becomes of a write that did not say which rows it changed.
 *
 * @param named whether its rows are told to those who asked for them
 */
export function fateOf({ mode, collection }: BulkPlan, named: boolean): 'warn' | 'collection' | undefined {
  if (mode === 'warn' || mode === 'collection') return mode;
  if (mode === 'ignore' || named) return undefined;
  return collection === undefined ? 'warn' : 'collection';
}

/** A function names events of rows, and there is none to give it. */
function typeOfBulk(type: BroadcastOptions['type'], operation: BroadcastOperation): string | undefined {
  if (type === 'operation') return operation;
  return typeof type === 'string' ? type : undefined;
}

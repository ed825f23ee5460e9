import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { BroadcastChange, BroadcastOptions } from './broadcast-options.js';
import { invalidBroadcast } from './invalid-broadcast.js';

/** The event's name of an update, undefined where it has none. */
export type TypeOf = (entity: ObjectLiteral, change: BroadcastChange) => string | undefined;

/**
 * Makes the option `type` applicable to changes.
 *
 * @throws MercureError BROADCAST_INVALID
 */
export function compileType(type: BroadcastOptions['type'], metadata: EntityMetadata): TypeOf {
  if (type === 'operation') return (_entity, { operation }) => operation;
  if (typeof type === 'function') return (entity, change) => checked(type(entity, change));
  if (!isName(type)) {
    throw invalidBroadcast(metadata, 'option "type" is not one line of text', 'Use a name, or leave it out.');
  }
  return () => type;
}

function checked(type: unknown): string | undefined {
  if (!isName(type)) throw new TypeError('the function "type" returned no line of text');
  return type;
}

function isName(type: unknown): type is string | undefined {
  return type === undefined || (typeof type === 'string' && !/[\r\n\0]/.test(type));
}

import { randomUUID } from 'node:crypto';
import { v7 } from 'uuid';

const URN = 'urn:uuid:';
const UUID_V7 = /^urn:uuid:([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** A time-ordered id (RFC 9562 §5.7); the library keeps it rising when the wall clock goes back. */
export function uuidV7Urn(): string {
  return URN + v7();
}

/** A random id (RFC 9562 §5.4), which tells nobody when an update was made. */
export function uuidV4Urn(): string {
  return URN + randomUUID();
}

/** When a UUIDv7 of ours was made, in milliseconds since 1970; undefined for any other id. */
export function timeOfId(id: string): number | undefined {
  const parts = UUID_V7.exec(id);
  return parts ? Number.parseInt(parts[1]! + parts[2]!, 16) : undefined;
}

/** How ids are made, by the option `generateId`. */
export function idGenerator(option: 'uuidv7' | 'uuidv4' | (() => string)): () => string {
  if (typeof option === 'function') return option;
  return option === 'uuidv4' ? uuidV4Urn : uuidV7Urn;
}

import type { EntityMetadata } from 'typeorm';
import { MercureError } from '../errors.js';

/** An error of a declaration, told when the application starts: which entity, what is wrong, what to do. */
export function invalidBroadcast(
  { name }: EntityMetadata,
  fault: string,
  remedy: string,
  cause?: unknown,
): MercureError {
  const message = `@Broadcast on entity "${name}": ${fault}. ${remedy}`;
  return new MercureError('BROADCAST_INVALID', 500, message, remedy, { cause });
}

/** Names as a sentence lists them. */
export function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}

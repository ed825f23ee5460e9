import type { EntityMetadata } from 'typeorm';
import { nearestName } from '../options/nearest-name.js';
import { invalidBroadcast, quoted } from './invalid-broadcast.js';

/**
 * Refuses keys nobody knows: a misspelled option that is ignored is one that is not in force.
 *
 * @param within the option whose keys they are, `update`; default: the declaration itself
 * @throws MercureError BROADCAST_INVALID naming the entity, the key and the nearest known one
 */
export function refuseUnknownOptions(
  options: object,
  known: readonly string[],
  metadata: EntityMetadata,
  within?: string,
): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const path = (name: string): string => (within === undefined ? name : `${within}.${name}`);
  const nearest = nearestName(unknown, known);
  const remedy = nearest
    ? `Did you mean "${path(nearest.name)}"?`
    : `Use one of ${quoted(known.map((name) => path(name)))}.`;
  throw invalidBroadcast(metadata, `unknown option "${path(unknown)}"`, remedy);
}

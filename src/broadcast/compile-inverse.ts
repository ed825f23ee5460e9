import type { EntityMetadata } from 'typeorm';
import type { BroadcastOptions } from './broadcast-options.js';
import { invalidBroadcast, quoted } from './invalid-broadcast.js';

/**
 * The many-to-many relations that are told as updates of an entity: those it owns, and of those it is the inverse side
 * of the ones that the option `inverse` names. By property path.
 *
 * @throws MercureError BROADCAST_INVALID
 */
export function compileInverse(
  inverse: BroadcastOptions['inverse'],
  metadata: EntityMetadata,
): ReadonlySet<string> {
  const paths = (owning: boolean): string[] =>
    metadata.manyToManyRelations.flatMap(({ isOwning, propertyPath }) =>
      isOwning === owning ? propertyPath : [],
    );
  return new Set([...paths(true), ...named(inverse, paths(false), metadata)]);
}

function named(inverse: unknown, known: readonly string[], metadata: EntityMetadata): readonly string[] {
  if (inverse === undefined || inverse === false) return [];
  const remedy =
    known.length > 0
      ? `Use ${quoted(known)}.`
      : 'Leave it out: owners are told anyway, and a side without a property cannot be.';
  if (inverse === true && known.length > 0) return known;
  if (inverse === true) {
    throw invalidBroadcast(
      metadata,
      'option "inverse": it is the inverse side of no many-to-many relation',
      remedy,
    );
  }
  if (!Array.isArray(inverse) || inverse.some((name) => typeof name !== 'string')) {
    throw invalidBroadcast(
      metadata,
      'option "inverse" is neither a boolean nor a list of relations',
      'Use true.',
    );
  }
  const names = inverse as readonly string[];
  const wrong = names.find((name) => !known.includes(name));
  if (wrong === undefined) return names;
  throw invalidBroadcast(
    metadata,
    `option "inverse" names "${wrong}", which is not the inverse side of a many-to-many relation`,
    remedy,
  );
}

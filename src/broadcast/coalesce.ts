import type { BroadcastOperation } from './broadcast-options.js';
import type { Change } from './change.js';

/**
 * What a row's changes amount to for somebody who saw none of the steps: one change per row, in the order in which
 * rows were first touched. A row made and deleted on the way amounts to nothing. The before-image is the first one,
 * which is what followers know; a foreign key that the first change did not look at is what a later one found.
 */
export function coalesce(changes: readonly Change[]): Change[] {
  const byRow = new Map<string, Change>();
  for (const change of changes) {
    const earlier = byRow.get(change.key);
    const operation = earlier ? combine(earlier, change) : change.operation;
    if (operation === undefined) byRow.delete(change.key);
    else if (!earlier) byRow.set(change.key, change);
    else byRow.set(change.key, since(earlier, { ...change, operation }, wayOf(earlier, change, operation)));
  }
  return [...byRow.values()];
}

function since({ before, keys, originator }: Change, later: Change, way: Change['way']): Change {
  // What two made is nobody's own: each must hear of the other's part.
  const one = originator === later.originator ? originator : undefined;
  return { ...later, before, keys: { ...later.keys, ...keys }, way, originator: one };
}

/** A row that was soft-deleted and came back was never gone; one that came back and changed did come back. */
function wayOf(earlier: Change, later: Change, operation: BroadcastOperation): Change['way'] {
  if (operation === 'create') return undefined;
  if (later.way === 'recover' && earlier.operation === 'delete') return undefined;
  return operation === 'update' && earlier.way === 'recover' ? 'recover' : later.way;
}

/** The operation two amount to; undefined is none. Of rows nobody knows, one may have touched others than the other. */
function combine(
  { operation: earlier }: Change,
  { operation: later, unnamed }: Change,
): BroadcastOperation | undefined {
  if (unnamed) return earlier === later ? later : 'update';
  if (earlier === 'create') return later === 'delete' ? undefined : 'create';
  return later === 'delete' ? 'delete' : 'update';
}

import type { BroadcastOperation } from './broadcast-options.js';
import type { Change } from './change.js';
import { mergeLinks } from './links.js';

/**
 * What a row's changes amount to for somebody who saw none of the steps: one change per row, in the order in which
 * rows were first touched. A row made and deleted on the way amounts to nothing, and so does one that was soft-deleted
 * and came back as it was. The before-image is the first one, which is what followers know; a foreign key that the first
 * change did not look at is what a later one found.
 */
export function coalesce(changes: readonly Change[]): Change[] {
  const byRow = new Map<string, Change>();
  for (const change of changes) {
    const earlier = byRow.get(change.key);
    const both = earlier ? combineChanges(earlier, change) : change;
    if (both) byRow.set(change.key, both);
    else byRow.delete(change.key);
  }
  return [...byRow.values()];
}

/** Undefined is nothing. Links neither make nor unmake a row: whatever else happened to it is what happened. */
function combineChanges(earlier: Change, later: Change): Change | undefined {
  const links = mergeLinks(earlier.links, later.links);
  // What two made is nobody's own: each must hear of the other's part.
  const originator = earlier.originator === later.originator ? later.originator : undefined;
  const criteria = earlier.criteria === true && later.criteria === true;
  const touched = earlier.touched === true && later.touched === true;
  if (later.way === 'links') return { ...earlier, links, originator, criteria, touched };
  if (earlier.way === 'links') return { ...later, links, originator, criteria };
  const operation = combine(earlier, later);
  if (!operation) return undefined;
  const { before } = earlier;
  const keys = { ...later.keys, ...earlier.keys };
  const way = wayOf(earlier, later, operation);
  const returned = operation === 'update' && (earlier.returned === true || isReturn(earlier, later));
  return { ...later, operation, way, before, keys, links, originator, criteria, returned };
}

/** What happens to a row that the same transaction had soft-deleted: it may be there again, which the row will say. */
function isReturn(earlier: Change, later: Change): boolean {
  return earlier.way === 'softDelete' && later.operation === 'update';
}

/** A row that was soft-deleted and came back was never gone; one that came back and changed did come back. */
function wayOf(earlier: Change, later: Change, operation: BroadcastOperation): Change['way'] {
  if (operation === 'create') return undefined;
  const wasThere = earlier.operation === 'delete' || earlier.returned === true;
  if (later.way === 'recover' && wasThere) return undefined;
  return operation === 'update' && earlier.way === 'recover' ? 'recover' : later.way;
}

/** The operation two amount to; undefined is none. Of rows nobody knows, one may have touched others than the other. */
function combine(
  { operation: earlier }: Change,
  { operation: later, way, unnamed }: Change,
): BroadcastOperation | undefined {
  if (unnamed) return earlier === later ? later : 'update';
  // A row that was made and soft-deleted may come back: a create without a row to be read is not told.
  if (earlier === 'create') return later === 'delete' && way !== 'softDelete' ? undefined : 'create';
  return later === 'delete' ? 'delete' : 'update';
}

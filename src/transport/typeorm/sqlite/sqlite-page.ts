import { PAGE_BYTES, PAGE_UPDATES } from '../../recent-updates.js';
import { bytesOf } from '../../update-ring.js';
import { decodeUpdate, isWhole, type UpdateColumns } from '../batch.js';
import type { LogPage, LogState, Place, Row } from '../log.js';

/** As `rowsStatement` answers them. */
export type RowColumns = readonly [place: number, presence: number, checksum: number, ...UpdateColumns];

/** As many of these rows as a page has. */
export function readPage(
  found: Iterable<RowColumns>,
  after: Place,
  { trimmed }: LogState,
): Omit<LogPage, keyof LogState> {
  const rows: Row[] = [];
  let bytes = 0;
  // Up to there some are missing, because they were dropped.
  const dropped = greater(trimmed.update.place, trimmed.presence.place);
  let last = greater(after, dropped);
  for (const [position, presence, checksum, ...columns] of found) {
    const place = BigInt(position);
    // One writer gives places out, and its rollback takes them back: one that is missing, or comes twice, is damaged.
    if (place > dropped && place !== last + 1n) {
      return { rows, full: true, damaged: place > last ? place - 1n : last };
    }
    // A file has nothing that tells a page whose bits have flipped; what is damaged may not even be JSON.
    if (!isWhole(columns, checksum)) return { rows, full: true, damaged: place };
    const update = decodeUpdate(columns);
    rows.push({ place, kind: presence === 1 ? 'presence' : 'update', update });
    last = greater(place, last);
    bytes += bytesOf(update);
    if (rows.length === PAGE_UPDATES || bytes >= PAGE_BYTES) return { rows, full: true };
  }
  return { rows, full: false };
}

function greater(one: Place, other: Place): Place {
  return one > other ? one : other;
}

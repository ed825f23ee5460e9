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
  // Of events about subscriptions some may have been dropped up to there.
  let last = after > trimmed.presence.place ? after : trimmed.presence.place;
  for (const [place, presence, checksum, ...columns] of found) {
    // A file has nothing that tells a page whose bits have flipped; what is damaged may not even be JSON.
    // A place that is missing, or comes twice, was there: one writer gives them out, and its rollback takes them back.
    if (BigInt(place) > trimmed.presence.place && BigInt(place) !== last + 1n) {
      return { rows, full: true, damaged: BigInt(place) > last ? BigInt(place) - 1n : last };
    }
    if (!isWhole(columns, checksum)) return { rows, full: true, damaged: BigInt(place) };
    const update = decodeUpdate(columns);
    rows.push({ place: BigInt(place), kind: presence === 1 ? 'presence' : 'update', update });
    last = BigInt(place) > last ? BigInt(place) : last;
    bytes += bytesOf(update);
    if (rows.length === PAGE_UPDATES || bytes >= PAGE_BYTES) return { rows, full: true };
  }
  return { rows, full: false };
}

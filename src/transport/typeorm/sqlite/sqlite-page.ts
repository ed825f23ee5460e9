import { PAGE_BYTES, PAGE_UPDATES } from '../../recent-updates.js';
import { bytesOf } from '../../update-ring.js';
import { decodeUpdate, isWhole, type UpdateColumns } from '../batch.js';
import type { LogPage, LogState, Row } from '../log.js';

/** As `rowsStatement` answers them. */
export type RowColumns = readonly [place: number, presence: number, checksum: number, ...UpdateColumns];

/** As many of these rows as a page has. */
export function readPage(found: Iterable<RowColumns>): Omit<LogPage, keyof LogState> {
  const rows: Row[] = [];
  let bytes = 0;
  for (const [place, presence, checksum, ...columns] of found) {
    // A file has nothing that tells a page whose bits have flipped; what is damaged may not even be JSON.
    if (!isWhole(columns, checksum)) return { rows, full: true, damaged: BigInt(place) };
    const update = decodeUpdate(columns);
    rows.push({ place: BigInt(place), kind: presence === 1 ? 'presence' : 'update', update });
    bytes += bytesOf(update);
    if (rows.length === PAGE_UPDATES || bytes >= PAGE_BYTES) return { rows, full: true };
  }
  return { rows, full: false };
}

import { isUtf8 } from 'node:buffer';
import { statSync } from 'node:fs';
import { unavailableAtStart } from '../store-fault.js';
import type { SqliteConnection } from './sqlite-driver.js';

/** A larger file is not looked through: that would hold up a start for seconds. Its rows have checksums all the same. */
const MAX_CHECKED_BYTES = 256 * 1024 * 1024;

/** As bytes: a text that is none ends the process in the driver, and so does a column whose name is none. */
const SCHEMA = `SELECT CAST(name AS BLOB), CAST(tbl_name AS BLOB), CAST(sql AS BLOB) FROM sqlite_master`;

/**
 * Looks whether the pages of a file belong together, where it is not large, and whether its schema is text. What lies in
 * its rows is looked at when they are read.
 *
 * @throws MercureError TRANSPORT_UNAVAILABLE
 */
export function checkFile(connection: SqliteConnection, file: string): void {
  const schema = connection.prepare(SCHEMA).raw().all() as (Uint8Array | null)[][];
  if (!schema.flat().every((text) => text === null || isUtf8(text))) throw damaged('its schema is no text');
  if (statSync(file).size > MAX_CHECKED_BYTES) return;
  const [found] = connection.pragma('quick_check(1)') as [{ quick_check: string }?];
  if (found && found.quick_check !== 'ok') throw damaged(found.quick_check.split('\n').at(-1));
}

function damaged(what: string | undefined): Error {
  return unavailableAtStart(
    `The SQLite file of the updates is damaged: ${what}`,
    'Restore a copy, or move it away: the hub begins anew, and whoever comes back is told.',
  );
}

import { asText } from '../batch.js';
import type { Landmark, Place } from '../log.js';
import type { SqliteStatement } from './sqlite-driver.js';
import type { SqliteNames } from './sqlite-schema.js';

type Prepared = (sql: string) => SqliteStatement;

/** The rows at these places; those missing are left out. */
export function rowsAt(
  prepared: Prepared,
  { update }: SqliteNames,
  places: readonly Place[],
): (Landmark & { readonly private: boolean })[] {
  const statement = prepared(`SELECT CAST(id AS BLOB), private FROM ${update} WHERE position = ?`);
  return places.flatMap((place) => {
    const rows = statement.all(Number(place)) as [unknown, number][];
    return rows.map(([id, isPrivate]) => ({ place, id: asText(id), private: isPrivate === 1 }));
  });
}

/** Of each id its first place after `after`; those missing are left out. */
export function placesOf(
  prepared: Prepared,
  names: SqliteNames,
  ids: readonly string[],
  after: Place,
): ReadonlyMap<string, Place> {
  const statement = prepared(`SELECT min(position) FROM ${names.update} WHERE id = ? AND position > ?`);
  const places = new Map<string, Place>();
  for (const id of ids) {
    const [[place]] = statement.all(id, Number(after)) as [[number | null]];
    if (place === null) continue;
    // The index answers, in which bits may have flipped as well: a cursor that leads elsewhere would skip or repeat.
    const [row] = rowsAt(prepared, names, [BigInt(place)]);
    if (row?.id === id) places.set(id, row.place);
  }
  return places;
}

import type { LogState, TrimPoint } from '../log.js';
import type { SqliteNames } from './sqlite-schema.js';

/** Parameters: the time, the data and the heads of a batch. */
export function insertStatement({ update }: SqliteNames): string {
  return `INSERT INTO ${update} (id, topics, private, type, retry, presence, bytes, checksum, published_at, data)
    SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, ?,
      substr(?, value->>8, value->>9) FROM json_each(?) ORDER BY key`;
}

/** Parameters: after, until. */
export function rowsStatement({ update }: SqliteNames): string {
  return `SELECT position, id, topics, data, private, type, retry, checksum FROM ${update}
    WHERE position > ? AND position <= ? ORDER BY position`;
}

export function stateStatement({ meta }: SqliteNames): string {
  return `SELECT epoch, trimmed, trimmed_id, trimmed_private,
    presence_trimmed, presence_trimmed_id, presence_trimmed_private FROM ${meta}`;
}

export type StateRow = readonly [epoch: string, ...update: PointColumns, ...presence: PointColumns];
type PointColumns = readonly [place: number, id: string | null, isPrivate: number | null];

export function toState([epoch, ...points]: StateRow): LogState {
  const [place, id, isPrivate, presencePlace, presenceId, presencePrivate] = points;
  return {
    epoch,
    trimmed: {
      update: trimPoint(place, id, isPrivate),
      presence: trimPoint(presencePlace, presenceId, presencePrivate),
    },
  };
}

function trimPoint(...[place, id, isPrivate]: PointColumns): TrimPoint {
  return {
    place: BigInt(place),
    id: id ?? undefined,
    private: isPrivate === null ? undefined : isPrivate === 1,
  };
}

import type { AppendKind } from '../../transport.js';
import { asText } from '../batch.js';
import type { LogState, TrimPoint } from '../log.js';
import type { SqliteNames } from './sqlite-schema.js';

/** Parameters: the time, the data and the heads of a batch. */
export function insertStatement({ update }: SqliteNames): string {
  return `INSERT INTO ${update} (id, topics, private, type, retry, presence, bytes, checksum, published_at, data)
    SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, ?,
      coalesce(substr(?, value->>8, value->>9), x'') FROM json_each(?) ORDER BY key`;
}

/** Parameters: after, until. Text is read as its bytes: on a damaged file libsql ends the process for text that is none. */
export function rowsStatement({ update }: SqliteNames): string {
  return `SELECT position, presence, checksum, CAST(id AS BLOB), CAST(topics AS BLOB), data, private,
      CAST(type AS BLOB), retry FROM ${update}
    WHERE position > ? AND position <= ? ORDER BY position`;
}

/** Parameters: after, until. */
export function weighStatement({ update }: SqliteNames, kinds: readonly AppendKind[]): string {
  const only = kinds.includes('update') ? '' : 'AND presence = 1';
  return `SELECT position, presence, bytes, published_at FROM ${update}
    WHERE position > ? AND position <= ? ${only} ORDER BY position LIMIT 2000`;
}

export function stateStatement({ meta }: SqliteNames): string {
  return `SELECT CAST(epoch AS BLOB), trimmed, CAST(trimmed_id AS BLOB), trimmed_private,
    presence_trimmed, CAST(presence_trimmed_id AS BLOB), presence_trimmed_private FROM ${meta}`;
}

export type StateRow = readonly [epoch: unknown, ...update: PointColumns, ...presence: PointColumns];
type PointColumns = readonly [place: number, id: unknown, isPrivate: number | null];

export function toState([epoch, ...points]: StateRow): LogState {
  const [place, id, isPrivate, presencePlace, presenceId, presencePrivate] = points;
  return {
    epoch: asText(epoch),
    trimmed: {
      update: trimPoint(place, id, isPrivate),
      presence: trimPoint(presencePlace, presenceId, presencePrivate),
    },
  };
}

function trimPoint(...[place, id, isPrivate]: PointColumns): TrimPoint {
  return {
    place: BigInt(place),
    id: id === null ? undefined : asText(id),
    private: isPrivate === null ? undefined : isPrivate === 1,
  };
}

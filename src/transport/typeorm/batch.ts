import { crc32 } from 'node:zlib';
import { bytesOf } from '../update-ring.js';
import type { Update } from '../../update/update.js';
import { PAGE_BYTES, PAGE_UPDATES } from '../recent-updates.js';
import type { Entry, Row } from './log.js';

/** Entries as two parameters of one statement. */
export interface Batch {
  /**
   * JSON: `[id, topics, private, type, retry, presence, bytes, checksum, offset, length]` of each; topics as JSON text,
   * offsets from 1.
   */
  readonly heads: string;
  /** The data of all of them, one after the other: bytes need no escaping, and NUL is one like another. */
  readonly data: Buffer;
}

export function encodeBatch(entries: readonly Entry[]): Batch {
  const pieces: Buffer[] = [];
  let offset = 1;
  const heads = entries.map(({ update, kind }) => {
    const { data, private: isPrivate, retry = null } = update;
    // Half a character is not valid, and SQLite would store bytes that are no text; libsql ends the process on those.
    const id = update.id.toWellFormed();
    const type = update.type?.toWellFormed() ?? null;
    const topics = JSON.stringify(update.topics);
    const piece = Buffer.from(data);
    pieces.push(piece);
    const start = offset;
    offset += piece.length;
    const checksum = checksumOf(id, topics, isPrivate, type, retry, piece);
    // prettier-ignore
    return [
      id, topics, Number(isPrivate), type, retry, Number(kind === 'presence'), bytesOf(update), checksum, start, piece.length,
    ];
  });
  return { heads: JSON.stringify(heads), data: Buffer.concat(pieces) };
}

/** Whether a row is what was stored. */
export function isWhole(
  [id, topics, data, isPrivate, type, retry]: UpdateColumns,
  checksum: unknown,
): boolean {
  const typeText = type === null ? null : asText(type);
  const retryMs = retry === null ? null : Number(retry);
  const found = checksumOf(
    asText(id),
    asText(topics),
    Number(isPrivate) === 1,
    typeText,
    retryMs,
    asBytes(data),
  );
  return found === checksum;
}

/** The columns of an update as engines answer them. */
export type UpdateColumns = readonly [
  id: unknown,
  topics: unknown,
  data: unknown,
  isPrivate: unknown,
  type: unknown,
  retry: unknown,
];

export function decodeUpdate([id, topics, data, isPrivate, type, retry]: UpdateColumns): Update {
  return {
    id: asText(id),
    topics: JSON.parse(asText(topics)) as string[],
    data: asText(data),
    private: Number(isPrivate) === 1,
    ...(type !== null && { type: asText(type) }),
    ...(retry !== null && { retry: Number(retry) }),
  };
}

/** Of everything that subscribers receive, for engines whose files have none. */
function checksumOf(
  id: string,
  topics: string,
  isPrivate: boolean,
  type: string | null,
  retry: number | null,
  data: Buffer,
): number {
  const head = crc32(JSON.stringify([id, topics, isPrivate, type, retry]));
  // Of no bytes at all some buffers have no address, for which zlib begins anew.
  return data.length === 0 ? head : crc32(data, head);
}

/** Of text, or of its bytes as drivers have them. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : asBytes(value).toString('utf8');
}

function asBytes(value: unknown): Buffer {
  if (typeof value === 'string') return Buffer.from(value);
  return value instanceof ArrayBuffer ? Buffer.from(value) : (value as Buffer);
}

/** Whether a page ended for its size. */
export function isFull(rows: readonly Row[]): boolean {
  if (rows.length >= PAGE_UPDATES) return true;
  return rows.reduce((sum, { update }) => sum + bytesOf(update), 0) >= PAGE_BYTES;
}

import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { BroadcastOperation } from './broadcast-options.js';
import type { Linked } from './linked-rows.js';
import type { Links } from './links.js';
import type { RelationKeys } from './relation-keys.js';

/**
 * One thing that happened to one row. It is made when the event fires, and whatever belongs to the caller is captured
 * then: on SQLite one commit serves several callers, and the hook runs in the context of only one of them.
 */
export interface Change {
  readonly operation: BroadcastOperation;
  /**
   * How, where there are several ways: a delete that keeps the row, an update that brings it back, or one of its
   * relations alone, with the row as it was.
   */
  readonly way?: 'softDelete' | 'recover' | 'links' | undefined;
  /** Of a write that did not say which rows it changed: it stands for all rows of its entity, and `id` is empty. */
  readonly unnamed?: true;
  /**
   * Of a criteria write whose rows were read: told of by declarations that ask for rows (`bulk: 'ids'`); what is
   * unnamed beside it, by the others.
   */
  readonly criteria?: boolean;
  /** Of an update: the row was soft-deleted and came back on the way, so that it may be what it was. */
  readonly returned?: boolean | undefined;
  /** The entity as the event named it; under single-table inheritance the child, or not yet known. */
  readonly metadata: EntityMetadata;
  /** The primary key as TypeORM's id map: `{ id: 1 }`, `{ orderId: 1, line: 2 }`, `{ author: { id: 1 } }`. */
  readonly id: ObjectLiteral;
  /** Names the row within its DataSource. */
  readonly key: string;
  /** The row as it was before, where TypeORM had loaded it: without `select: false` columns and relations. */
  readonly before?: ObjectLiteral;
  /** Of a row that was not written: another one that points to it was, or did. */
  readonly touched?: boolean | undefined;
  /** What came and went in its relations. */
  readonly links?: Links | undefined;
  /** Of a removed row, what its relations linked it to until then, where that was read. */
  readonly linked?: Linked | undefined;
  /** Who made it, as its own client knows itself. */
  readonly originator?: string | undefined;
  /** What is known of the foreign keys it had; those that are not known did not change. */
  readonly keys: RelationKeys;
}

/**
 * Rows of an entity, nobody knows which.
 *
 * @param criteria whether they are named beside it, for those who ask for rows
 */
export function unnamedRows(
  operation: BroadcastOperation,
  metadata: EntityMetadata,
  criteria: boolean,
): Change {
  return {
    operation,
    metadata,
    id: {},
    key: `${metadata.tablePath}:${metadata.name}:*`,
    keys: {},
    unnamed: true,
    criteria,
  };
}

/** Whether a row was out of its followers' sight before: soft-deleted. */
export function wasGone({ metadata, before }: Pick<Change, 'metadata' | 'before'>): boolean {
  const at: unknown = before && metadata.deleteDateColumn?.getEntityValue(before);
  return at !== undefined && at !== null;
}

/** Names a row within its DataSource: children of single-table inheritance share their table, and so their keys. */
export function rowKey(metadata: EntityMetadata, idOrEntity: ObjectLiteral): string {
  const values = metadata.primaryColumns.map((column) => column.getEntityValue(idOrEntity) as unknown);
  return `${metadata.tablePath}:${keyText(values)}`;
}

/** The values of a key, as a text that is equal for equal keys. */
export function keyText(values: readonly unknown[]): string {
  return JSON.stringify(values.map(comparable));
}

/** The driver may give back `'1'` for a key that was written as `1`. */
function comparable(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return String(value);
}

/** The beginning of a line in the log. */
export function whatOf({ operation, metadata }: Pick<Change, 'operation' | 'metadata'>): string {
  return `Broadcast of entity "${metadata.name}" (${operation})`;
}

import type { EntityMetadata, QueryRunner } from 'typeorm';
import { type Change, whatOf } from './change.js';
import { SavepointRefused, TransactionLost } from './guarded-read.js';
import { readEntities, type Row } from './read-entities.js';
import type { Telling } from './tell-changes.js';

/** Of a row whose read failed. */
export const UNREAD = Symbol('unread');

/** Rows by `Change.key`; absent where there is none, UNREAD where the read failed. */
export type Rows = ReadonlyMap<string, Row | typeof UNREAD>;

/** The row of a change, where one was read. */
export function rowOf(rows: Rows, { key }: Change): Row | undefined {
  const row = rows.get(key);
  return row === UNREAD ? undefined : row;
}

/**
 * Reads the rows of changes. A read that fails costs its entity's broadcasts, which is logged.
 *
 * @throws SavepointRefused where the transaction takes no more reads, TransactionLost where it is no more
 */
export async function readAll(
  changes: readonly Change[],
  runner: QueryRunner,
  { plans, faults, counts, isPassing, leftBy }: Telling,
  locked?: boolean,
): Promise<Rows> {
  const rows = new Map<string, Row | typeof UNREAD>();
  const unknown = changes.filter((change) => {
    const left = leftBy?.(change);
    if (left) rows.set(change.key, left);
    return left === undefined;
  });
  for (const [metadata, ofEntity] of byEntity(unknown)) {
    try {
      const plain = plans.readingOf(metadata);
      const reading = locked ? { ...plain, locked } : plain;
      for (const [key, row] of await readEntities(runner, reading, ofEntity)) rows.set(key, row);
    } catch (error) {
      if (error instanceof SavepointRefused || error instanceof TransactionLost || isPassing?.(error)) {
        throw error;
      }
      counts.addChanges('failed', ofEntity);
      for (const change of ofEntity) {
        rows.set(change.key, UNREAD);
        faults.error(whatOf(change), error, 'The row is saved; let the application read all its columns.');
      }
    }
  }
  return rows;
}

function byEntity(changes: readonly Change[]): Map<EntityMetadata, Change[]> {
  const groups = new Map<EntityMetadata, Change[]>();
  for (const change of changes) {
    const group = groups.get(change.metadata);
    if (group) group.push(change);
    else groups.set(change.metadata, [change]);
  }
  return groups;
}

/**
 * Links name a row by its table: which child of single-table inheritance it is only the row can say. One SELECT for
 * each 500 of those.
 */
export async function specify(
  changes: readonly Change[],
  runner: QueryRunner,
  telling: Telling,
): Promise<readonly Change[]> {
  const unknown = changes.filter(
    ({ way, metadata }) => way === 'links' && metadata.childEntityMetadatas.length > 0,
  );
  if (unknown.length === 0) return changes;
  const rows = await readAll(unknown, runner, telling);
  return changes.map((change) => {
    const row = rowOf(rows, change);
    return row ? { ...change, metadata: change.metadata.findInheritanceMetadata(row.entity) } : change;
  });
}

import type { EntityMetadata, ObjectLiteral, QueryRunner } from 'typeorm';
import { type Change, rowKey } from './change.js';
import { dataSourceOf } from './data-source-of.js';

/** Keys per SELECT: below every driver's bound on parameters, and few enough for a plan that uses the index. */
const BATCH = 500;

/** The savepoint of a read was refused: the transaction is aborted, or past the point where it takes any. */
export class SavepointRefused extends Error {}

/**
 * Reads rows again, by their keys: what is published comes from the database, never from `event.entity`, in which a
 * partial `save()` has set every other nullable column to null. Columns of `select: false`, relations and
 * soft-deleted rows stay out.
 *
 * One SELECT for each 500 rows. Where a failed statement aborts the transaction (PostgreSQL and its kin), each is
 * in a savepoint of its own: a failure swallowed without one would make the application's COMMIT a silent ROLLBACK.
 *
 * @param changes of one entity
 * @returns the entities by `Change.key`; one that has no row is absent
 * @throws SavepointRefused, or what the driver throws; the transaction is as it was
 */
export async function readEntities(
  runner: QueryRunner,
  metadata: EntityMetadata,
  changes: readonly Change[],
): Promise<Map<string, ObjectLiteral>> {
  const found = new Map<string, ObjectLiteral>();
  for (let start = 0; start < changes.length; start += BATCH) {
    const batch = changes.slice(start, start + BATCH);
    for (const [key, row] of await readBatch(runner, metadata, batch)) found.set(key, row);
  }
  return found;
}

async function readBatch(
  runner: QueryRunner,
  metadata: EntityMetadata,
  changes: readonly Change[],
): Promise<Map<string, ObjectLiteral>> {
  const rows = await select(runner, metadata, changes);
  const byKey = new Map(rows.map((row) => [rowKey(metadata, row), row]));
  const missing = changes.filter(({ key }) => !byKey.has(key));
  // The database may spell a key in its own way (a UUID in lower case): then a row is told apart by asking for it alone.
  if (missing.length > 0 && byKey.size > changes.length - missing.length) {
    for (const change of missing) {
      const [row] = await select(runner, metadata, [change]);
      if (row) byKey.set(change.key, row);
    }
  }
  return byKey;
}

function select(
  runner: QueryRunner,
  metadata: EntityMetadata,
  changes: readonly Change[],
): Promise<ObjectLiteral[]> {
  return guarded(runner, () =>
    runner.manager
      .createQueryBuilder<ObjectLiteral>(metadata.target, 'entity')
      .whereInIds(changes.map(({ id }) => id))
      .getMany(),
  );
}

const ABORTING: readonly string[] = ['postgres', 'aurora-postgres', 'cockroachdb'];
const SAVEPOINT = 'mercure_broadcast';

/** Whether a statement that fails takes its transaction along, so that reads in one need savepoints. */
export function abortsOnError(runner: QueryRunner): boolean {
  return ABORTING.includes(dataSourceOf(runner).options.type);
}

async function guarded<T>(runner: QueryRunner, read: () => Promise<T>): Promise<T> {
  if (!abortsOnError(runner) || !runner.isTransactionActive) return read();
  await runner.query(`SAVEPOINT ${SAVEPOINT}`).catch((cause: unknown) => {
    throw new SavepointRefused('The transaction takes no savepoint', { cause });
  });
  try {
    return await read();
  } catch (error) {
    await runner.query(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}`);
    throw error;
  } finally {
    await runner.query(`RELEASE SAVEPOINT ${SAVEPOINT}`);
  }
}

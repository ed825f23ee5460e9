import type { QueryRunner } from 'typeorm';
import { abortsOnError } from './driver-traits.js';
import { hasTransaction } from './open-transactions.js';

/** The savepoint of a read was refused: the transaction is aborted, or past the point where it takes any. */
export class SavepointRefused extends Error {}

const SAVEPOINT = 'mercure_broadcast';
const reading = new WeakMap<QueryRunner, Promise<unknown>>();

/**
 * Reads within the application's transaction, if there is one. Where a failed statement aborts it (PostgreSQL and its
 * kin) the read has a savepoint of its own, for which it waits until no other has one: the hooks of one `save()` run at
 * the same time, and savepoints are a stack.
 *
 * @throws SavepointRefused, or what the read throws; the transaction is as it was
 */
export async function guardedRead<T>(runner: QueryRunner, read: () => Promise<T>): Promise<T> {
  if (!abortsOnError(runner) || !hasTransaction(runner)) return read();
  const turn = (reading.get(runner) ?? Promise.resolve()).then(() => withSavepoint(runner, read));
  reading.set(
    runner,
    turn.catch(() => undefined),
  );
  return turn;
}

async function withSavepoint<T>(runner: QueryRunner, read: () => Promise<T>): Promise<T> {
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

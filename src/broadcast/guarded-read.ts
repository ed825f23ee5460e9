import type { QueryRunner } from 'typeorm';
import { abortsOnError, endsTransaction } from './driver-traits.js';
import { hasTransaction } from './open-transactions.js';

/** The savepoint of a read was refused: the transaction is aborted, or past the point where it takes any. */
export class SavepointRefused extends Error {}

/**
 * A read has ended the transaction that it was in: MySQL and MariaDB roll it back where a statement loses a deadlock. What
 * the application wrote is undone, and it has to hear of that, or it would commit what is left: `cause` is the error.
 */
export class TransactionLost extends Error {
  constructor(override readonly cause: Error) {
    super(cause.message, { cause });
  }
}

const SAVEPOINT = 'mercure_broadcast';
const reading = new WeakMap<QueryRunner, Promise<unknown>>();

/**
 * Reads within the application's transaction, if there is one. Where a failed statement aborts it (PostgreSQL and its
 * kin) the read has a savepoint of its own, for which it waits until no other has one: the hooks of one `save()` run at
 * the same time, and savepoints are a stack.
 *
 * @throws SavepointRefused, or what the read throws; the transaction is as it was. TransactionLost where it is no more
 */
export async function guardedRead<T>(runner: QueryRunner, read: () => Promise<T>): Promise<T> {
  if (!hasTransaction(runner)) return read();
  if (!abortsOnError(runner)) return orLost(runner, read);
  const turn = (reading.get(runner) ?? Promise.resolve()).then(() => withSavepoint(runner, read));
  reading.set(
    runner,
    turn.catch(() => undefined),
  );
  return turn;
}

async function orLost<T>(runner: QueryRunner, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Error && endsTransaction(runner, error)) throw new TransactionLost(error);
    throw error;
  }
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

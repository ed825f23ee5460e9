import type { QueryRunner } from 'typeorm';
import { dataSourceOf } from '../data-source-of.js';
import { isShared } from '../driver-traits.js';
import { runNow, sqliteConnectionOf } from '../sqlite-connection.js';
import type { OutboxTransaction } from './outbox.js';

/** The transaction that was to be written into is over; nothing was written. */
export class TransactionOver extends Error {}

/**
 * A runner's transaction, or where it has none a statement by itself, to write in.
 *
 * On SQLite every caller has the same connection, and TypeORM awaits between being asked for a statement and running
 * it: in between a ROLLBACK may run, and the statement would be committed by itself, or a BEGIN, and it would be rolled
 * back with what it has nothing to do with. There the check and the statement are one turn of the event loop.
 *
 * @param isThere whether the runner still is what it was
 * @throws TransactionOver where it is not
 */
export function runnerTransaction(runner: QueryRunner, isThere: () => boolean): OutboxTransaction {
  if (!isThere()) throw new TransactionOver();
  if (!isShared(runner)) return runner;
  const dataSource = dataSourceOf(runner);
  const connection = sqliteConnectionOf(dataSource);
  const query = async (sql: string, parameters: readonly unknown[] = []): Promise<unknown> => {
    if (!isThere()) throw new TransactionOver();
    return runNow(connection, sql, parameters);
  };
  return Object.assign({ dataSource }, { query });
}

import type { DataSource, QueryRunner } from 'typeorm';
import { dataSourceOf } from '../data-source-of.js';
import { isShared } from '../driver-traits.js';
import type { OutboxTransaction } from './outbox.js';

/** The transaction that was to be written into is over; nothing was written. */
export class TransactionOver extends Error {}

/** What is used of the connection of better-sqlite3, and of libsql in its place. */
export interface SqliteConnection {
  readonly inTransaction: boolean;
  prepare(sql: string): SqliteStatement;
}

interface SqliteStatement {
  readonly reader: boolean;
  all(...parameters: unknown[]): unknown[];
  run(...parameters: unknown[]): unknown;
}

/** The one connection of a DataSource on SQLite. */
export function sqliteConnectionOf({ driver }: DataSource): SqliteConnection {
  return (driver as unknown as { databaseConnection: SqliteConnection }).databaseConnection;
}

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
    if (!isThere() || connection.inTransaction !== runner.isTransactionActive) throw new TransactionOver();
    return runNow(connection, sql, parameters);
  };
  return Object.assign({ dataSource }, { query });
}

/** Runs a statement before anything else can happen. */
export function runNow(connection: SqliteConnection, sql: string, parameters: readonly unknown[]): unknown {
  const statement = connection.prepare(sql);
  return statement.reader ? statement.all(...parameters) : statement.run(...parameters);
}

import type { DataSource } from 'typeorm';

/** What is used of the connection of better-sqlite3, and of libsql in its place. */
export interface SqliteConnection {
  readonly open: boolean;
  /** Only of one that is open: `isInTransaction` asks. */
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

/** Whether a transaction is open. libsql 0.5 ends the process when it is asked that after it was closed. */
export function isInTransaction(connection: SqliteConnection): boolean {
  return connection.open && connection.inTransaction;
}

/** Runs a statement before anything else can happen. */
export function runNow(connection: SqliteConnection, sql: string, parameters: readonly unknown[]): unknown {
  const statement = connection.prepare(sql);
  return statement.reader ? statement.all(...parameters) : statement.run(...parameters);
}

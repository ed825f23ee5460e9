import type { DataSource } from 'typeorm';
import type { SqliteConnection } from './sqlite-driver.js';

/** Statements that are done all or not at all. Nobody else writes to the file meanwhile. */
export function inTransaction<T>(connection: SqliteConnection, statements: () => T): T {
  connection.exec('BEGIN IMMEDIATE');
  try {
    const result = statements();
    connection.exec('COMMIT');
    return result;
  } catch (error) {
    // Some errors end it by themselves.
    if (connection.inTransaction) connection.exec('ROLLBACK');
    throw error;
  }
}

/** Whether the application has one open on its own connection, which writing now would break. */
export function isInTransaction(application: DataSource | undefined): boolean {
  const driver = application?.driver as
    { databaseConnection?: SqliteConnection; queryRunner?: { isTransactionActive: boolean } } | undefined;
  if (driver?.queryRunner?.isTransactionActive) return true;
  const connection = driver?.databaseConnection;
  // libsql 0.5 ends the process when a connection that was closed is asked.
  return connection?.open === true && connection.inTransaction;
}

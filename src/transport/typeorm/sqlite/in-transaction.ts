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

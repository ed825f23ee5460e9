import { createConnection } from 'mysql2/promise';

/** The server the suites use: `MARIADB_URL`, else a local one. */
export const MARIADB_URL = process.env['MARIADB_URL'] ?? 'mysql://root@127.0.0.1:3306/test';

/** The same for a database of a suite's own. */
export function mariadbUrl(database: string): string {
  const url = new URL(MARIADB_URL);
  url.pathname = `/${database}`;
  return url.href;
}

/**
 * Whether MariaDB answers at `MARIADB_URL`. When it does not, says so aloud: a suite that needs it is then skipped
 * (`describe.skipIf(!(await mariadbAnswers('…')))`).
 */
export async function mariadbAnswers(suite: string): Promise<boolean> {
  try {
    await mariadbQuery('SELECT 1');
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message || error.name : String(error);
    console.warn(`SKIPPED: ${suite} needs MariaDB, and none answers at MARIADB_URL (${reason})`);
    return false;
  }
}

/** Runs statements on a connection of their own. */
export async function mariadbQuery(...statements: string[]): Promise<void> {
  const connection = await createConnection({ uri: MARIADB_URL, connectTimeout: 20_000 });
  try {
    for (const statement of statements) await connection.query(statement);
  } finally {
    await connection.end();
  }
}

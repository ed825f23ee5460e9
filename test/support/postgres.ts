import pg from 'pg';

/** The server the suites use: `POSTGRES_URL`, else a local one. */
export const POSTGRES_URL = process.env['POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test';

/**
 * Whether PostgreSQL answers at `POSTGRES_URL`. When it does not, says so aloud: a suite that needs it is then skipped
 * (`describe.skipIf(!(await postgresAnswers('…')))`).
 */
export async function postgresAnswers(suite: string): Promise<boolean> {
  try {
    await query('SELECT 1');
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message || error.name : String(error);
    console.warn(`SKIPPED: ${suite} needs PostgreSQL, and none answers at POSTGRES_URL (${reason})`);
    return false;
  }
}

/** Runs statements on a connection of their own. */
export async function query(...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: POSTGRES_URL, connectionTimeoutMillis: 20_000 });
  try {
    await client.connect();
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

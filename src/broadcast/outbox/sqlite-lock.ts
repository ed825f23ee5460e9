import type { DataSource } from 'typeorm';
import { runNow, sqliteConnectionOf } from '../sqlite-connection.js';

/** What is used of the class that opens databases. */
type Sqlite = new (
  file: string,
  options: { readonly timeout: number },
) => {
  exec(sql: string): unknown;
  close(): unknown;
};

/**
 * A lock that one process holds: a transaction open on a small file beside the database. The end of the process gives
 * it back, however it ends, and the database itself stays free.
 */
export class SqliteLock {
  #held: InstanceType<Sqlite> | undefined;

  /** @param suffix what the file's name adds to the database's */
  constructor(
    private readonly dataSource: DataSource,
    private readonly suffix: string,
  ) {}

  /** Whether this process holds it now. @throws what SQLite throws, but for "busy" */
  take(): boolean {
    if (this.#held) return true;
    const { sqlite } = this.dataSource.driver as unknown as { sqlite: Sqlite };
    const file = new sqlite(databaseFile(this.dataSource) + this.suffix, { timeout: 0 });
    try {
      file.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      file.close();
      if (String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY')) return false;
      throw error;
    }
    this.#held = file;
    return true;
  }

  release(): void {
    this.#held?.exec('ROLLBACK');
    this.#held?.close();
    this.#held = undefined;
  }
}

/** Where the database lies: the option may be a URI, or relative to a directory that was left. */
function databaseFile(dataSource: DataSource): string {
  const connection = sqliteConnectionOf(dataSource);
  const [main] = runNow(connection, 'PRAGMA database_list', []) as { file: string }[];
  return main!.file;
}

import { StoreFault } from '../store-fault.js';

/** What is used of better-sqlite3's interface, which libsql has as well. */
export interface SqliteConnection {
  readonly open: boolean;
  readonly inTransaction: boolean;
  prepare(sql: string): SqliteStatement;
  exec(sql: string): unknown;
  pragma(sql: string): unknown;
  close(): unknown;
}

export interface SqliteStatement {
  raw(): SqliteStatement;
  run(...parameters: unknown[]): { changes: number; lastInsertRowid: number | bigint };
  all(...parameters: unknown[]): unknown[];
  iterate(...parameters: unknown[]): IterableIterator<unknown>;
}

export type SqliteDriver = new (file: string, options: { timeout: number }) => SqliteConnection;

const DATA = /^SQLITE_(?:TOOBIG|CONSTRAINT|MISMATCH|RANGE)/;
const BUSY = /^SQLITE_(?:BUSY|LOCKED)/;

const REASONS: Readonly<Record<string, string>> = {
  SQLITE_FULL: 'the disk is full',
  SQLITE_READONLY: 'the file may not be written to',
  SQLITE_CANTOPEN: 'the file cannot be opened',
  SQLITE_CORRUPT: 'the file is damaged',
  SQLITE_NOTADB: 'the file is no SQLite database',
  SQLITE_IOERR: 'the disk fails',
};

/** What an error of the driver means. Whatever it is, nothing was stored: a statement is a transaction of its own. */
export function sqliteFault(error: unknown): StoreFault {
  if (error instanceof StoreFault) return error;
  const { code = '', message = '' } = error as { code?: string; message?: string };
  const cause = { cause: error };
  if (BUSY.test(code))
    return new StoreFault('busy', 'another connection writes to the file for too long', cause);
  if (DATA.test(code)) return new StoreFault('data', message, cause);
  const [, name = ''] = /^(SQLITE_[A-Z]+)/.exec(code) ?? [];
  return new StoreFault('away', REASONS[name] ?? (code || 'SQLite fails'), cause);
}

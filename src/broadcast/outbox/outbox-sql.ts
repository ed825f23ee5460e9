import type { DataSource } from 'typeorm';
import { MercureError } from '../../errors.js';

/** An outbox's statements, in the words of one database. Rows are told apart by their position, in which they are published. */
export interface OutboxSql {
  readonly create: string;
  /** Fails where there is no such table. */
  readonly probe: string;
  readonly drop: string;
  /** Takes for each row its body, and when it was written. */
  insert(count: number): string;
  /** The oldest rows that wait: position and body. */
  readonly oldest: string;
  /** The position of the newest row that waits, as `position`; null where there is none. */
  readonly newest: string;
  /** The number of rows that wait up to a position, as `pending`. */
  readonly upTo: string;
  /** Of rows that wait and rows set aside: `pending`, `refused`, and when the oldest that waits was written, `oldest`. */
  readonly status: string;
  /** Takes the positions. */
  remove(count: number): string;
  /** Sets a row aside: takes the reason, what remains of its body, and the position. */
  readonly refuse: string;
}

/** Rows read at once. */
export const BATCH_ROWS = 64;

type Engine = 'sqlite' | 'postgres' | 'mysql';

const ENGINES: Readonly<Partial<Record<string, Engine>>> = {
  'better-sqlite3': 'sqlite',
  postgres: 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
};

const CREATE: Readonly<Record<Engine, (table: string) => string>> = {
  // AUTOINCREMENT: a position that was deleted is not given again.
  sqlite: (table) =>
    `CREATE TABLE IF NOT EXISTS ${table} (position INTEGER PRIMARY KEY AUTOINCREMENT, ` +
    'body TEXT NOT NULL, written_at INTEGER NOT NULL, refused TEXT)',
  postgres: (table) =>
    `CREATE TABLE IF NOT EXISTS ${table} (position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, ` +
    'body text NOT NULL, written_at bigint NOT NULL, refused text)',
  mysql: (table) =>
    `CREATE TABLE IF NOT EXISTS ${table} (position BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, ` +
    'body LONGTEXT NOT NULL, written_at BIGINT NOT NULL, refused TEXT) ' +
    'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4',
};

/**
 * The engine of a DataSource.
 *
 * @throws MercureError OPTIONS_INVALID where an outbox does not work there
 */
export function outboxEngine({ options }: DataSource): Engine {
  const engine = ENGINES[options.type];
  if (engine && !(engine === 'sqlite' && isTransient(options.database))) return engine;
  const where = engine ? 'a database in memory' : `"${options.type}"`;
  const remedy = `It works with a file of better-sqlite3, postgres, mysql and mariadb: use "memory" here.`;
  throw new MercureError(
    'OPTIONS_INVALID',
    500,
    `Option "broadcast.delivery": there is no outbox in ${where}. ${remedy}`,
    remedy,
  );
}

/** @param prefix begins the table's name */
export function outboxSql(dataSource: DataSource, prefix: string): OutboxSql {
  const engine = outboxEngine(dataSource);
  const table = tableName(dataSource, prefix);
  const value = (index: number): string => (engine === 'postgres' ? `$${index}` : '?');
  const waits = `FROM ${table} WHERE refused IS NULL`;
  return {
    create: CREATE[engine](table),
    probe: `SELECT position ${waits} AND 1 = 0`,
    drop: `DROP TABLE ${table}`,
    insert: (count) =>
      `INSERT INTO ${table} (body, written_at) VALUES ` +
      times(count, (row) => `(${value(2 * row + 1)}, ${value(2 * row + 2)})`),
    oldest: `SELECT position, body ${waits} ORDER BY position LIMIT ${BATCH_ROWS}`,
    newest: `SELECT MAX(position) AS position ${waits}`,
    upTo: `SELECT COUNT(*) AS pending ${waits} AND position <= ${value(1)}`,
    status:
      'SELECT SUM(CASE WHEN refused IS NULL THEN 1 ELSE 0 END) AS pending, COUNT(refused) AS refused, ' +
      `MIN(CASE WHEN refused IS NULL THEN written_at END) AS oldest FROM ${table}`,
    remove: (count) => `DELETE FROM ${table} WHERE position IN (${times(count, (row) => value(row + 1))})`,
    refuse: `UPDATE ${table} SET refused = ${value(1)}, body = ${value(2)} WHERE position = ${value(3)}`,
  };
}

/** The table's name as statements spell it: in the schema of the DataSource, where it names one. */
export function tableName({ driver, options }: DataSource, prefix: string): string {
  const schema = 'schema' in options && typeof options.schema === 'string' ? options.schema : undefined;
  const names = schema === undefined ? [`${prefix}outbox`] : [schema, `${prefix}outbox`];
  return names.map((name) => driver.escape(name)).join('.');
}

function times(count: number, text: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => text(index)).join();
}

function isTransient(database: unknown): boolean {
  const file = typeof database === 'string' ? database : '';
  return file === '' || file.includes(':memory:') || file.includes('mode=memory');
}

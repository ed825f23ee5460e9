import Database from 'libsql';
import { createPool, type RowDataPacket } from 'mysql2/promise';
import pg from 'pg';
import type { EngineName } from './engine.js';
import { MARIADB_URL } from './mariadb.js';
import { POSTGRES_URL } from './postgres.js';
import { prefixOf } from './prefix.js';
import { fileOf } from './sqlite.js';

/** What node-postgres and mysql2 have when nothing is said, and what most applications leave it at. */
const CONNECTIONS = 10;

/** A table like a log's, without a hub: each row is inserted by a transaction of its own. */
export interface PlainTable {
  /** Resolves when it is committed. */
  insert(id: string, topics: string, data: Buffer): Promise<unknown>;
  /** Rows of a table of the hub's name. */
  count(table: string): Promise<number>;
}

export function openPlainTable(engine: EngineName, hub: string): Promise<PlainTable> {
  if (engine === 'sqlite') return openSqlite(hub);
  return engine === 'mariadb' ? openMariadb(hub) : openPostgres(hub);
}

async function openSqlite(hub: string): Promise<PlainTable> {
  const database = new Database(fileOf(hub), { timeout: 5000 });
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  const table = `${prefixOf(hub)}plain`;
  database.exec(`CREATE TABLE IF NOT EXISTS ${table} (position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL,
    topics TEXT NOT NULL, published_at INTEGER NOT NULL, data BLOB NOT NULL)`);
  database.exec(`CREATE INDEX IF NOT EXISTS ${table}_id ON ${table} (id)`);
  const insert = database.prepare(
    `INSERT INTO ${table} (id, topics, published_at, data) VALUES (?, ?, ?, ?)`,
  );
  return {
    insert: (id, topics, data) => Promise.resolve(insert.run(id, topics, Date.now(), data)),
    count: (name) => {
      const [count] = database.prepare(`SELECT count(*) FROM ${name}`).raw().get() as [number];
      return Promise.resolve(count);
    },
  };
}

async function openPostgres(hub: string): Promise<PlainTable> {
  const pool = new pg.Pool({ connectionString: POSTGRES_URL, max: CONNECTIONS });
  const table = `${prefixOf(hub)}plain`;
  await pool.query(`CREATE TABLE IF NOT EXISTS ${table} (position bigserial PRIMARY KEY, id text NOT NULL,
    topics text NOT NULL, published_at bigint NOT NULL, data bytea NOT NULL)`);
  await pool.query(`CREATE INDEX IF NOT EXISTS ${table}_id ON ${table} (id)`);
  const text = `INSERT INTO ${table} (id, topics, published_at, data) VALUES ($1, $2, $3, $4)`;
  return {
    insert: (id, topics, data) =>
      pool.query({ name: 'insert', text, values: [id, topics, Date.now(), data] }),
    count: async (name) => {
      const { rows } = await pool.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${name}`);
      return rows[0]!.count;
    },
  };
}

async function openMariadb(hub: string): Promise<PlainTable> {
  const pool = createPool({ uri: MARIADB_URL, connectionLimit: CONNECTIONS });
  const table = `${prefixOf(hub)}plain`;
  await pool.query(`CREATE TABLE IF NOT EXISTS ${table} (position BIGINT AUTO_INCREMENT PRIMARY KEY,
    id VARBINARY(2048) NOT NULL, topics LONGBLOB NOT NULL, published_at BIGINT NOT NULL, data LONGBLOB NOT NULL,
    INDEX (id)) ENGINE = InnoDB ROW_FORMAT = DYNAMIC`);
  const insert = `INSERT INTO ${table} (id, topics, published_at, data) VALUES (?, ?, ?, ?)`;
  return {
    insert: (id, topics, data) => pool.execute(insert, [id, topics, Date.now(), data]),
    count: async (name) => {
      const [rows] = await pool.query<RowDataPacket[]>(`SELECT count(*) AS count FROM ${name}`);
      return Number(rows[0]!['count']);
    },
  };
}

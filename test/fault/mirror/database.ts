import Database from 'libsql';
import type { DataSourceOptions } from 'typeorm';
import { POSTGRES_URL } from '../../support/postgres.js';

/** @param where the path of a SQLite file, or `schema:` and the name of one in PostgreSQL */
export function mirroredDatabase(where: string): DataSourceOptions {
  const schema = where.startsWith('schema:') ? where.slice('schema:'.length) : undefined;
  if (schema !== undefined) return { type: 'postgres', url: POSTGRES_URL, schema, poolSize: 20 };
  return { type: 'better-sqlite3', driver: Database, database: where, enableWAL: true };
}

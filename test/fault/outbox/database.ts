import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSourceOptions } from 'typeorm';
import { Libsql } from '../../support/libsql.js';
import { mariadbQuery, mariadbUrl } from '../../support/mariadb.js';
import { POSTGRES_URL, query } from '../../support/postgres.js';
import { Noise, Step } from './rows.js';

export type Engine = 'SQLite' | 'PostgreSQL' | 'MariaDB';

/** An empty database that processes share. */
export interface SharedDatabase {
  readonly engine: Engine;
  /** What `databaseAt` takes, as a process is told it. */
  readonly place: string;
  drop(): Promise<void>;
}

export async function makeDatabase(engine: Engine, suite: string): Promise<SharedDatabase> {
  const name = `outbox_${suite}_${process.pid}`;
  if (engine === 'SQLite') {
    const directory = await mkdtemp(join(tmpdir(), 'outbox-'));
    const place = JSON.stringify({ type: 'better-sqlite3', database: join(directory, 'rows.db') });
    return { engine, place, drop: () => rm(directory, { recursive: true, force: true }) };
  }
  if (engine === 'PostgreSQL') {
    const dropSchema = `DROP SCHEMA IF EXISTS ${name} CASCADE`;
    await query(dropSchema, `CREATE SCHEMA ${name}`);
    const place = JSON.stringify({ type: 'postgres', url: POSTGRES_URL, schema: name });
    return { engine, place, drop: () => query(dropSchema) };
  }
  const dropDatabase = `DROP DATABASE IF EXISTS ${name}`;
  await mariadbQuery(dropDatabase, `CREATE DATABASE ${name}`);
  const place = JSON.stringify({ type: 'mariadb', url: mariadbUrl(name) });
  return { engine, place, drop: () => mariadbQuery(dropDatabase) };
}

export function databaseAt(place: string): DataSourceOptions {
  const options = JSON.parse(place) as DataSourceOptions;
  // Statements that are prepared once could not be watched.
  const sqlite = options.type === 'better-sqlite3' && {
    driver: Libsql,
    enableWAL: true,
    statementCacheSize: 0,
  };
  return { ...options, ...sqlite, entities: [Step, Noise] };
}

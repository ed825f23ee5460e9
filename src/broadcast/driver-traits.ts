import type { QueryRunner } from 'typeorm';
import { dataSourceOf } from './data-source-of.js';
import { sqliteConnectionOf } from './sqlite-connection.js';

const ABORTING: readonly string[] = ['postgres', 'aurora-postgres', 'cockroachdb'];
const MYSQL: readonly string[] = ['mysql', 'mariadb'];

/** Whether a statement that fails takes its transaction along, so that reads in one need savepoints. */
export function abortsOnError(runner: QueryRunner): boolean {
  return ABORTING.includes(dataSourceOf(runner).options.type);
}

/**
 * Whether reads before the commit wait for the COMMIT statement itself, when the subscribers of the application have
 * had their say: the `beforeTransactionCommit` hooks of all subscribers run at the same time, and one of them may write
 * more, or refuse the commit; where reads take savepoints, one that is rolled back would take along what another hook
 * wrote meanwhile. Elsewhere they cannot wait: with SQLite, TypeORM 0.3 does not wait for the hook.
 */
export function readsAtStatement(runner: QueryRunner): boolean {
  return abortsOnError(runner) || MYSQL.includes(dataSourceOf(runner).options.type);
}

/**
 * Whether which rows a statement changes can only be known by locking them before it: it cannot return their keys, and
 * others may write meanwhile.
 */
export function locksRows(runner: QueryRunner): boolean {
  return MYSQL.includes(dataSourceOf(runner).options.type);
}

/**
 * Whether every caller of the DataSource uses this one runner, as on SQLite: then events may fire in transactions that
 * are not theirs.
 */
export function isShared(runner: QueryRunner): boolean {
  return (dataSourceOf(runner).driver as { queryRunner?: unknown }).queryRunner === runner;
}

/**
 * Whether the database itself has a transaction open. TypeORM says so before its BEGIN has run, and still after its
 * ROLLBACK has: on a shared runner the statements of others fall between.
 */
export function isInTransaction(runner: QueryRunner): boolean {
  const { isTransactionActive } = runner;
  if (!isTransactionActive || !isShared(runner)) return isTransactionActive;
  return sqliteConnectionOf(dataSourceOf(runner)).inTransaction ?? isTransactionActive;
}

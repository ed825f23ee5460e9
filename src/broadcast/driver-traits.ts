import type { DataSource, QueryRunner } from 'typeorm';
import { dataSourceOf } from './data-source-of.js';
import { isInTransaction, type SqliteConnection, sqliteConnectionOf } from './sqlite-connection.js';

const ABORTING: readonly string[] = ['postgres', 'aurora-postgres', 'cockroachdb'];
const MYSQL: readonly string[] = ['mysql', 'mariadb'];
const SQLITE: readonly string[] = [
  'better-sqlite3',
  'sqlite',
  'sqljs',
  'capacitor',
  'cordova',
  'expo',
  'nativescript',
  'react-native',
];

function isMysql(runner: QueryRunner): boolean {
  return MYSQL.includes(dataSourceOf(runner).options.type);
}

/** Whether transactions begin and end by statements that can be followed; elsewhere nobody knows what is committed. */
export function transactsInSql({ options }: DataSource): boolean {
  return [...ABORTING, ...MYSQL, ...SQLITE].includes(options.type);
}

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
  return abortsOnError(runner) || isMysql(runner);
}

/**
 * Whether which rows a statement changes can only be known by locking them before it: it cannot return their keys, and
 * others may write meanwhile.
 */
export function locksRows(runner: QueryRunner): boolean {
  return isMysql(runner);
}

/** The lock of a read that keeps others from writing its rows. For a shared one MySQL and MariaDB have no word in common. */
export function lockOf(runner: QueryRunner): 'pessimistic_read' | 'pessimistic_write' {
  return isMysql(runner) ? 'pessimistic_write' : 'pessimistic_read';
}

/**
 * Whether a transaction reads from a snapshot that an UPDATE of its own may leave as it was: where the row has that value
 * already, MySQL's engine writes nothing, and shows the row as it was when the snapshot was taken. A read that locks
 * shows it as it is. TypeORM refuses those where it began no transaction.
 */
export function readsBehindSnapshot(runner: QueryRunner): boolean {
  return runner.isTransactionActive && isMysql(runner);
}

/**
 * Whether every caller of the DataSource uses this one runner, as on SQLite: then events may fire in transactions that
 * are not theirs.
 */
export function isShared(runner: QueryRunner): boolean {
  return (dataSourceOf(runner).driver as { queryRunner?: unknown }).queryRunner === runner;
}

/**
 * Whether a runner that nobody followed until now is in a transaction. TypeORM says so before its BEGIN has run: on a
 * shared runner the statements of others fall between, and its connection is asked.
 */
export function isInTransactionAlready(runner: QueryRunner): boolean {
  return isShared(runner) ? isConnectionInTransaction(runner) === true : runner.isTransactionActive;
}

/** What SQLite's connection says, where its driver can: it ends transactions by itself after some errors. */
export function isConnectionInTransaction(runner: QueryRunner): boolean | undefined {
  if (!isShared(runner)) return undefined;
  const connection: Partial<SqliteConnection> = sqliteConnectionOf(dataSourceOf(runner));
  return connection.open === undefined ? undefined : isInTransaction(connection as SqliteConnection);
}

/** The connection of a pool that a runner has, once it has one; undefined where all share one runner. */
export function connectionOf(runner: QueryRunner): object | undefined {
  return (runner as { databaseConnection?: object }).databaseConnection;
}

/** Whether a savepoint outside a transaction begins one, which its release commits. */
export function beginsWithSavepoint(runner: QueryRunner): boolean {
  return isShared(runner);
}

/** Whether BEGIN in a transaction commits it, and so do statements that change the schema. */
export function commitsImplicitly(runner: QueryRunner): boolean {
  return isMysql(runner);
}

/** MySQL's errors that roll back the whole transaction: a deadlock, no room for locks, MariaDB's record that has changed. */
const FATAL: readonly unknown[] = [1213, 1206, 1020];

/** Whether a statement's failure has rolled back its transaction, which TypeORM thinks is open. */
export function endsTransaction(runner: QueryRunner, error: unknown): boolean {
  return commitsImplicitly(runner) && FATAL.includes((error as { errno?: unknown } | undefined)?.errno);
}

/** PostgreSQL's errors of a statement that would have to wait for a lock: a deadlock that it lost, `lock_timeout`. */
const UNLOCKED: readonly unknown[] = ['40P01', '55P03'];

/** Whether a read failed for the locks it takes, and the transaction goes on without it. */
export function refusesLock(runner: QueryRunner, error: unknown): boolean {
  return abortsOnError(runner) && UNLOCKED.includes((error as { code?: unknown } | undefined)?.code);
}

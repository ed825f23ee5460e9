import type { QueryRunner } from 'typeorm';

const open = new WeakSet<QueryRunner>();

/** A runner's database has begun or ended a transaction. */
export function setTransaction(runner: QueryRunner, isOpen: boolean): void {
  if (isOpen) open.add(runner);
  else open.delete(runner);
}

/**
 * Whether the database has a transaction open on a runner that is followed, by the statements it answered. TypeORM does
 * not know of those that are begun or ended in SQL, nor that MySQL has rolled one back to end a deadlock; and it says so
 * before its BEGIN has run, and still after its ROLLBACK has.
 */
export function hasTransaction(runner: QueryRunner): boolean {
  return open.has(runner);
}

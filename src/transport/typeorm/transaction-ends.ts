import type { DataSource, QueryRunner } from 'typeorm';
import type { OpenTransaction } from '../abilities.js';

/** Told when an outermost transaction has ended, in the turn in which it did. */
type Ended = (runner: QueryRunner) => void;

/**
 * Hears when transactions of the application's end, as one more subscriber of its DataSources. Nothing of it throws, and
 * no hook waits for it.
 */
export class TransactionEnds {
  private readonly watched = new WeakSet<DataSource>();

  constructor(private readonly ended: Ended) {}

  /** Of one DataSource from now on. Its subscribers are made anew when it is initialized again. */
  watch(dataSource: DataSource): void {
    if (this.watched.has(dataSource)) return;
    this.watched.add(dataSource);
    const told = ({ queryRunner }: { queryRunner: QueryRunner }): void => {
      if (!queryRunner.isTransactionActive) this.ended(queryRunner);
    };
    dataSource.subscribers.push({ afterTransactionCommit: told, afterTransactionRollback: told });
  }

  /** Of the DataSource a transaction belongs to, where it is TypeORM's. */
  watchOf(transaction: OpenTransaction): void {
    const runner = transaction as Partial<QueryRunner>;
    // TypeORM 0.3 has the one, and 1.x deprecates it.
    const dataSource = runner.dataSource ?? (runner as { connection?: DataSource }).connection;
    if (Array.isArray(dataSource?.subscribers)) this.watch(dataSource);
  }
}

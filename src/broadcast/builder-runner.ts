import type { DataSource, QueryRunner } from 'typeorm';
import { hasTransaction } from './open-transactions.js';
import type { Builder } from './watched-builders.js';

/** Works on a builder's query runner; one that has none gets one for so long, so that others can read where it writes. */
export async function onRunner<T>(
  dataSource: DataSource,
  builder: Builder,
  work: (runner: QueryRunner) => Promise<T>,
): Promise<T> {
  if (builder.queryRunner) return work(builder.queryRunner);
  const runner = dataSource.createQueryRunner('master');
  builder.queryRunner = runner;
  try {
    return await work(runner);
  } finally {
    builder.queryRunner = undefined;
    await runner.release();
  }
}

/** Works in a transaction of its own where one is wanted and none is open. */
export async function inTransaction<T>(
  runner: QueryRunner,
  isWanted: boolean,
  work: () => Promise<T>,
): Promise<T> {
  if (!isWanted || runner.isTransactionActive || hasTransaction(runner)) return work();
  await runner.startTransaction();
  try {
    const result = await work();
    await runner.commitTransaction();
    return result;
  } catch (error) {
    await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource, QueryRunner } from 'typeorm';
import { BroadcastCounter } from '../broadcast-counts.js';
import type { Change } from '../change.js';
import { isShared } from '../driver-traits.js';
import type { Broadcasting } from '../publish-queue.js';
import type { RunnerStates } from '../runner-state.js';
import { fewer, type Telling, tellChanges } from '../tell-changes.js';
import type { OutboxWriter } from './outbox-writer.js';
import { TransactionOver } from './runner-transaction.js';

/** Milliseconds before what failed is tried once more. */
const PAUSES_MS = [50, 500];

/**
 * Stores what is told of changes that were committed without it, from the rows as they are now.
 *
 * It is a transaction for each row, with the row locked: another one that writes the row meanwhile commits, and is told,
 * either before the row is read or after its update is stored. More rows than one are never locked, so that no
 * transaction of the application's and this one wait for each other.
 *
 * @param told what of it is stored already, and not stored again. Default nothing
 * @throws what the database throws, or NotStored, again and again
 */
export async function storeCommitted(
  changes: readonly Change[],
  dataSource: DataSource,
  telling: Telling,
  states: RunnerStates,
  writer: OutboxWriter,
  told: readonly Broadcasting[] = [],
): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    if (isShared(runner)) return await storeBetween(changes, runner, telling, states, writer);
    const known = new Set(told.map(textOf));
    for (const change of fewer(changes, telling)) {
      await again(() => storeAlone(change, runner, telling, writer, known));
    }
  } finally {
    await runner.release();
  }
}

async function storeAlone(
  change: Change,
  runner: QueryRunner,
  telling: Telling,
  writer: OutboxWriter,
  known: ReadonlySet<string>,
): Promise<void> {
  // Whatever the DataSource says: an older snapshot would hide what others have committed.
  await runner.startTransaction('READ COMMITTED');
  try {
    const counts = new BroadcastCounter();
    const broadcasts = await tellChanges(
      [change],
      runner,
      { ...telling, counts },
      { certain: false, locked: true },
    );
    const news = broadcasts.filter((each) => !known.has(textOf(each)));
    const outbox = await writer.write(news, runner, () => true);
    await commit(runner);
    counts.addAll('published', news);
    telling.counts.merge(counts);
    outbox?.committed();
  } catch (error) {
    await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  }
}

/** A subscriber of the application that fails after the COMMIT undoes nothing: what is stored must not be stored again. */
async function commit(runner: QueryRunner): Promise<void> {
  try {
    await runner.commitTransaction();
  } catch (error) {
    if (runner.isTransactionActive) throw error;
  }
}

/** On SQLite, where all callers have one connection: in a turn in which it has no transaction. */
async function storeBetween(
  changes: readonly Change[],
  runner: QueryRunner,
  telling: Telling,
  states: RunnerStates,
  writer: OutboxWriter,
): Promise<void> {
  const state = states.of(runner);
  for (;;) {
    await state.idle();
    const { starts } = state;
    const isThere = (): boolean => state.starts === starts && !state.isOpen;
    try {
      const counts = new BroadcastCounter();
      const broadcasts = await tellChanges(changes, runner, { ...telling, counts }, { certain: false });
      const outbox = await writer.write(broadcasts, runner, isThere);
      counts.addAll('published', broadcasts);
      telling.counts.merge(counts);
      return outbox?.committed();
    } catch (error) {
      if (!(error instanceof TransactionOver)) throw error;
    }
  }
}

function textOf({ update }: Broadcasting): string {
  return JSON.stringify(update);
}

async function again(work: () => Promise<void>): Promise<void> {
  for (const pauseMs of PAUSES_MS) {
    try {
      return await work();
    } catch {
      await delay(pauseMs, undefined, { ref: false });
    }
  }
  await work();
}

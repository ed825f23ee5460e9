import type { DataSource } from 'typeorm';
import type { RunnerStates } from '../runner-state.js';
import type { OutboxSession } from './outbox-session.js';
import { isInTransaction, runNow, sqliteConnectionOf } from '../sqlite-connection.js';
import { SqliteLock } from './sqlite-lock.js';

/** Milliseconds after which a connection that is in a transaction is looked at again: some end unheard. */
const LOOK_MS = 20;

/** A statement that waits for its turn. */
interface Waiting {
  run(): void;
  giveUp(reason: Error): void;
}

/**
 * A session on SQLite. Its statements go through the application's one connection, in a turn in which that has no
 * transaction open: the writes of a second connection would fail the application's transactions with SQLITE_BUSY, or
 * wait for them with the event loop standing still.
 */
export class SqliteSession implements OutboxSession {
  readonly #lock: SqliteLock;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isListening = false;
  #isClosed = false;

  /** @param prefix of the table */
  constructor(
    private readonly dataSource: DataSource,
    private readonly states: RunnerStates,
    prefix: string,
  ) {
    this.#lock = new SqliteLock(dataSource, `-${prefix}outbox.lock`);
  }

  async lead(): Promise<boolean> {
    return this.#lock.take();
  }

  async query(sql: string, parameters: readonly unknown[] = []): Promise<unknown> {
    if (this.#isClosed) throw new Error('The outbox is closed');
    const run = (): unknown => runNow(sqliteConnectionOf(this.dataSource), sql, parameters);
    if (this.#isIdle()) return run();
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        try {
          resolve(run());
        } catch (error) {
          reject(error);
        }
      };
      this.#waiting.push({ run: settle, giveUp: reject });
      this.#listen();
    });
  }

  async reset(): Promise<void> {
    for (const each of this.#takeWaiting()) each.giveUp(new Error('The outbox was closed meanwhile'));
    this.#lock.release();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.reset();
  }

  #isIdle(): boolean {
    return !isInTransaction(sqliteConnectionOf(this.dataSource));
  }

  /** Looks again when the open transaction is over, in that same turn; and now and then. */
  #listen(): void {
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
    if (this.#isListening) return;
    this.#isListening = true;
    this.states.of(this.dataSource.createQueryRunner()).whenOver(() => {
      this.#isListening = false;
      this.#look();
      if (this.#waiting.length > 0) this.#listen();
    });
  }

  #look(): void {
    if (this.#isIdle()) for (const each of this.#takeWaiting()) each.run();
  }

  #takeWaiting(): readonly Waiting[] {
    clearInterval(this.#timer);
    this.#timer = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }
}

import type { DataSource, QueryRunner } from 'typeorm';
import { MercureError } from '../../errors.js';
import { dataSourceOf } from '../data-source-of.js';
import type { FaultLog } from '../fault-log.js';
import type { Broadcasting } from '../publish-queue.js';
import type { OutboxHub } from './outbox-hub.js';
import type { Outbox, OutboxEntry } from './outbox.js';
import { runnerTransaction, TransactionOver } from './runner-transaction.js';

/** What could not be stored, and was told. */
export class NotStored extends Error {
  constructor(
    /** Entity and operation. */
    readonly what: string,
    readonly remedy: string,
    cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Makes updates as the hub will take them, and writes them into the outbox of a runner's DataSource. */
export class OutboxWriter {
  readonly #outboxes = new Map<DataSource, Promise<Outbox>>();
  /** Closed, and written to all the same: whoever commits late stores what others publish. */
  readonly #closed = new Set<DataSource>();

  /** @param openOutbox of a DataSource that is initialized. @throws MercureError OPTIONS_INVALID */
  constructor(
    private readonly hub: OutboxHub,
    private readonly faults: FaultLog,
    private readonly openOutbox: (dataSource: DataSource) => Promise<Outbox>,
  ) {}

  /** The outboxes that are open, or about to be. */
  get all(): readonly Promise<Outbox>[] {
    return [...this.#outboxes]
      .filter(([dataSource]) => !this.#closed.has(dataSource))
      .map(([, each]) => each);
  }

  /** Opens the outbox of a DataSource, again where it was closed. @throws MercureError OPTIONS_INVALID */
  async open(dataSource: DataSource): Promise<void> {
    if (this.#closed.delete(dataSource)) this.#outboxes.delete(dataSource);
    await this.#of(dataSource);
  }

  /** The outbox of a DataSource; one that could not be opened is tried again. @throws MercureError OPTIONS_INVALID */
  #of(dataSource: DataSource): Promise<Outbox> {
    let opening = this.#outboxes.get(dataSource);
    if (!opening) {
      opening = this.openOutbox(dataSource);
      this.#outboxes.set(dataSource, opening);
      opening.catch(() => this.#outboxes.delete(dataSource));
    }
    return opening;
  }

  /** Closes the outbox of a DataSource, or all. Never rejects. */
  async close(dataSource?: DataSource): Promise<void> {
    const closing = [...this.#outboxes].filter(([each]) => !dataSource || each === dataSource);
    await Promise.all(
      closing.map(async ([each, opening]) => {
        const outbox = await opening.catch(() => undefined);
        if (outbox && this.#outboxes.get(each) === opening) this.#closed.add(each);
        await outbox?.close();
      }),
    );
  }

  /**
   * Writes into what the runner has open, or by itself.
   *
   * @param isThere whether the runner still is what it was
   * @returns the outbox; undefined where there was nothing to write
   * @throws NotStored; TransactionOver where the runner is something else by now
   */
  async write(
    broadcasts: readonly Broadcasting[],
    runner: QueryRunner,
    isThere: () => boolean,
  ): Promise<Outbox | undefined> {
    const [first] = broadcasts;
    if (!first) return undefined;
    const entries = broadcasts.map((each) => this.#make(each));
    try {
      const outbox = await this.#of(dataSourceOf(runner));
      await outbox.write(runnerTransaction(runner, isThere), entries);
      return outbox;
    } catch (error) {
      if (error instanceof TransactionOver) throw error;
      throw this.#notStored(first.what, error, 'Its outbox must take it: see the cause.');
    }
  }

  #make({ what, update }: Broadcasting): OutboxEntry {
    try {
      return { what, update: this.hub.make(update) };
    } catch (error) {
      throw this.#notStored(what, error, 'Correct what it says of itself.');
    }
  }

  #notStored(what: string, cause: unknown, otherwise: string): NotStored {
    const remedy = cause instanceof MercureError ? cause.remedy : otherwise;
    this.faults.error(what, cause, remedy);
    return new NotStored(what, remedy, cause);
  }
}

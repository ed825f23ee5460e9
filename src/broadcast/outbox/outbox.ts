import type { Update } from '../../update/update.js';

/** An update that is stored before it is published, as the hub will take it. */
export interface OutboxEntry {
  /** Entity and operation, as the beginning of a line in the log. */
  readonly what: string;
  readonly update: Update;
}

/** Where an outbox writes: the transaction of an entity, or a statement by itself. */
export interface OutboxTransaction {
  /** @throws TransactionOver, or what the database throws */
  query(sql: string, parameters?: unknown[]): Promise<unknown>;
}

/** What waits in an outbox. */
export interface OutboxStatus {
  /** Rows that are not published yet: one for the changes of a transaction, several where it changed many rows. */
  readonly pending: number;
  /** Milliseconds since the oldest of them was written, by this machine's clock; 0 where there is none. */
  readonly oldestMs: number;
  /** Rows set aside, because the hub refused them for what they are. */
  readonly refused: number;
  /** Whether this process is the one that publishes them. */
  readonly leading: boolean;
}

/** The updates of a database's transactions, stored with them. */
export interface Outbox {
  /**
   * Stores entries in their order, with the transaction or not at all.
   *
   * @throws what the database throws: then the transaction must not be committed
   */
  write(transaction: OutboxTransaction, entries: readonly OutboxEntry[]): Promise<void>;

  /** Something that was written has been committed. Called in the turn in which that is known; never throws. */
  committed(): void;

  /** Resolves when everything that was committed before is with the hub. */
  flush(): Promise<void>;

  /** Undefined where nothing ever waits: the outbox is the log itself. */
  status(): Promise<OutboxStatus | undefined>;

  /** Ends publishing, and gives back what it holds. What waits is published by others, or after a restart. */
  close(): Promise<void>;
}

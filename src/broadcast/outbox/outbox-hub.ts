import type { Update, UpdateInput } from '../../update/update.js';
import type { OutboxTransaction } from './outbox.js';

/** The hub, as outboxes see it. */
export interface OutboxHub {
  /** Resolves when the hub has been started: its transport may need other providers of the application. */
  started(): Promise<void>;

  /** Makes the update that `publish` will take. @throws MercureError where the hub refuses it */
  make(input: UpdateInput): Update;

  /** Stores updates in the hub's order, all or none. @throws MercureError */
  publish(updates: readonly Update[]): Promise<void>;

  /** Whether the hub's history keeps an update. @throws MercureError while it cannot say */
  knows(id: string): Promise<boolean>;

  /** Whether the hub's own log lies in the database of a DataSource, so that its transactions can write there. */
  joins(dataSource: object): boolean;

  /** Writes into the hub's log with the transaction. Only where it `joins`. @throws what the database throws */
  appendWithin(transaction: OutboxTransaction, updates: readonly Update[]): Promise<void>;
}

import type { OutboxHub } from './outbox-hub.js';
import type { Outbox, OutboxEntry, OutboxTransaction } from './outbox.js';

/** The hub's own log, in the database of the entities: what is committed there is published, and nothing ever waits. */
export class LogOutbox implements Outbox {
  constructor(private readonly hub: OutboxHub) {}

  async write(transaction: OutboxTransaction, entries: readonly OutboxEntry[]): Promise<void> {
    await this.hub.appendWithin(
      transaction,
      entries.map(({ update }) => update),
    );
  }

  committed(): void {
    // The transport reads its log by itself.
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  status(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

import type { RunnerStates } from '../runner-state.js';
import type { Telling } from '../tell-changes.js';
import { LogOutbox } from './log-outbox.js';
import { OutboxDelivery } from './outbox-delivery.js';
import type { OutboxHub } from './outbox-hub.js';
import { OutboxWriter } from './outbox-writer.js';
import { TableOutbox } from './table-outbox.js';

export interface OutboxSettings {
  readonly hub: OutboxHub;
  /** Begins the name of the outbox's own table. */
  readonly prefix: string;
  /** Whether that table is made where it is not there. */
  readonly migrate: boolean;
  /** Whether writes that would commit by themselves are given a transaction. */
  readonly wrapAutocommit: boolean;
}

/** Delivery by outboxes: the hub's own log where that lies in the database of the entities, else a table and a relay. */
export function createOutboxDelivery(
  telling: Telling,
  states: RunnerStates,
  { hub, prefix, migrate }: OutboxSettings,
): OutboxDelivery {
  const { faults } = telling;
  const writer = new OutboxWriter(hub, faults, async (dataSource) => {
    await hub.started();
    return hub.joins(dataSource)
      ? new LogOutbox(hub)
      : TableOutbox.open(dataSource, { prefix, migrate, hub, faults, states });
  });
  return new OutboxDelivery(telling, states, writer);
}

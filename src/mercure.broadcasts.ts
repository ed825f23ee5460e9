import type { ModulesContainer } from '@nestjs/core';
import { BroadcastService } from './broadcast/broadcast.service.js';
import type { OutboxHub } from './broadcast/outbox/outbox-hub.js';
import type { Hub } from './hub/hub.js';
import type { ResolvedOptions } from './options/resolve-options.js';
import { joinsTransactions } from './transport/abilities.js';
import { createUpdate, idOrigin } from './update/create-update.js';
import type { Update, UpdateInput } from './update/update.js';
import { idGenerator } from './update/update-id.js';

/**
 * `@Broadcast()` on the hub: stored, not waited for. A hook of the ORM holds a connection of the application's pool,
 * and slow readers of streams must not hold it longer.
 */
export function createBroadcasts(
  options: ResolvedOptions,
  hub: Hub,
  modules: ModulesContainer,
): BroadcastService {
  const generateId = idGenerator(options.generateId);
  const make = (input: UpdateInput): Update => createUpdate(input, generateId);
  const publisher = {
    publishAll: (inputs: readonly UpdateInput[]) => hub.publishCommitted(inputs.map(make), idOrigin(inputs)),
  };
  const { publicUrl, broadcast } = options;
  return new BroadcastService({
    publisher,
    modules,
    publicUrl,
    broadcast,
    hub: outboxHub(hub, options, make),
  });
}

/** The hub, as outboxes need it. */
export function outboxHub(
  hub: Hub,
  { transport }: Pick<ResolvedOptions, 'transport'>,
  make: (input: UpdateInput) => Update,
): OutboxHub {
  const log = joinsTransactions(transport) ? transport : undefined;
  return {
    started: () => startOnce(hub),
    make(input) {
      const update = make(input);
      hub.check([update]);
      return update;
    },
    publish: (updates) => hub.publishCommitted(updates),
    knows: async (id) => (await transport.locate(id)).found,
    joins: (dataSource) => log?.joins(dataSource) ?? false,
    appendWithin: async (transaction, updates) => log?.appendWithin(transaction, updates),
  };
}

const starts = new WeakMap<Hub, Promise<void>>();

/** Starts a hub; whoever asks later waits for the same start. @throws MercureError what its transport's `start` throws */
export function startOnce(hub: Hub): Promise<void> {
  let starting = starts.get(hub);
  if (!starting) starts.set(hub, (starting = hub.start()));
  return starting;
}

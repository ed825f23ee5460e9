import type { EntityMetadata } from 'typeorm';
import type { BroadcastOptions, DeliveryMode } from './broadcast-options.js';
import { invalidBroadcast } from './invalid-broadcast.js';

/** How often a declaration tells updates of one row. */
export interface WindowPlan {
  /** Tells declarations apart: each has windows of its own. */
  readonly id: number;
  readonly windowMs: number;
  readonly maxWaitMs: number;
}

/** What a timer of Node takes. */
const MAX_MS = 2 ** 31 - 1;
/** Declarations are read again whenever one is registered; what waits then waits still. */
const ids = new WeakMap<EntityMetadata, Map<BroadcastOptions, number>>();
let windows = 0;

/**
 * Reads `windowMs` and `maxWaitMs`.
 *
 * @throws MercureError BROADCAST_INVALID
 */
export function compileWindow(
  options: BroadcastOptions,
  metadata: EntityMetadata,
  delivery: DeliveryMode,
): WindowPlan | undefined {
  const { windowMs = 0, maxWaitMs = windowMs, payload } = options;
  for (const [name, value] of Object.entries({ windowMs, maxWaitMs })) {
    if (Number.isFinite(value) && value >= 0 && value <= MAX_MS) continue;
    throw invalidBroadcast(metadata, `option "${name}" is not a number of milliseconds`, 'Use 0 or more.');
  }
  if (windowMs === 0) {
    if (options.maxWaitMs === undefined) return undefined;
    throw invalidBroadcast(
      metadata,
      'option "maxWaitMs" is the end of a window that is not there',
      'Set "windowMs".',
    );
  }
  if (options.by === 'trigger') {
    throw invalidBroadcast(
      metadata,
      'option "windowMs" holds updates back in memory, and what triggers tell waits in the database',
      'Leave it out.',
    );
  }
  if (delivery === 'outbox') {
    throw invalidBroadcast(
      metadata,
      'option "windowMs" holds updates back in memory, and delivery by outbox leaves none there',
      'Leave it out, or use the delivery "memory".',
    );
  }
  if (payload === 'merge-patch') {
    throw invalidBroadcast(
      metadata,
      'option "windowMs" leaves out updates that a merge patch builds on',
      'Use the payload "resource".',
    );
  }
  return { id: idOf(metadata, options), windowMs, maxWaitMs };
}

function idOf(metadata: EntityMetadata, options: BroadcastOptions): number {
  const known = ids.get(metadata) ?? new Map<BroadcastOptions, number>();
  const id = known.get(options) ?? windows++;
  ids.set(metadata, known.set(options, id));
  return id;
}

import { MercureError } from '../errors.js';
import { storesOnce } from '../transport/abilities.js';
import type { IdOrigin } from '../update/create-update.js';
import type { Update } from '../update/update.js';
import type { HubOptions } from './hub-options.js';

/** Stores updates, all or none; those a publisher named once, where that is asked for. @throws MercureError */
export function store(
  { transport, idempotency }: HubOptions,
  updates: readonly Update[],
  ids: IdOrigin,
): Promise<void> {
  if (updates.length === 0) return Promise.resolve();
  return idempotency && ids === 'given' && storesOnce(transport)
    ? transport.appendOnce(updates, idempotency)
    : transport.append(updates);
}

export function overloaded(): MercureError {
  return new MercureError(
    'HUB_OVERLOADED',
    503,
    'Service Unavailable',
    'Publish slower; try again in a second.',
  );
}

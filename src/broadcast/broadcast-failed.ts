import { MercureError } from '../errors.js';

/**
 * Why a transaction is not committed, under `delivery: 'outbox'`: what it changed could not be stored with it.
 *
 * @param what entity and operation
 */
export function broadcastFailed(what: string, cause: unknown, remedy: string): MercureError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `${what}: ${reason}. The transaction is not committed. ${remedy}`;
  return new MercureError('BROADCAST_FAILED', 500, message, remedy, { cause });
}

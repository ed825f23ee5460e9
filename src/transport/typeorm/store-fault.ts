import { MercureError } from '../../errors.js';

/**
 * What went wrong at a store:
 * - `data`: it refuses what it was given, and would again
 * - `busy`: nothing was stored, another moment may do
 * - `away`: it does not answer, and nothing was stored
 * - `lost`: it stopped answering in between; what was asked may have been done
 */
export type FaultKind = 'data' | 'busy' | 'away' | 'lost';

/** A failure of a store, told apart by what may be done about it. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';

  /** @param reason for people, without settings that are secret */
  constructor(
    readonly kind: FaultKind,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}

/** What is told to whoever asked the transport. */
export function unavailable(reason: string, cause?: unknown): MercureError {
  return new MercureError(
    'TRANSPORT_UNAVAILABLE',
    503,
    'Service Unavailable',
    `The store of the updates: ${reason}. Try again.`,
    { cause },
  );
}

export function asUnavailable(error: unknown): MercureError {
  if (error instanceof MercureError) return error;
  const reason = error instanceof StoreFault ? error.reason : 'it failed unexpectedly';
  return unavailable(reason, error);
}

/** For start: the settings are wrong, and no waiting helps. */
export function invalidTransport(message: string, remedy: string, cause?: unknown): MercureError {
  return new MercureError('TRANSPORT_INVALID', 500, `${message}. ${remedy}`, remedy, { cause });
}

/** For start: the store cannot be had now. */
export function unavailableAtStart(message: string, remedy: string, cause?: unknown): MercureError {
  return new MercureError('TRANSPORT_UNAVAILABLE', 503, `${message}. ${remedy}`, remedy, { cause });
}

/** Whatever a start ended with, in words. */
export function atStart(error: unknown): unknown {
  if (!(error instanceof StoreFault)) return error;
  return unavailableAtStart(`The store of the updates fails: ${error.reason}`, 'Look into its log.', error);
}

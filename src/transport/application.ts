import type { Transport } from './transport.js';

/** What a transport may know of the application it lives in. */
export interface Application {
  /**
   * The DataSource that a Nest token provides; absent where there are no providers.
   *
   * @throws MercureError OPTIONS_INVALID where it provides none
   */
  readonly findDataSource?: (token: ProviderToken) => object;
  /** How long a publication may wait. Milliseconds. */
  readonly dispatchTimeoutMs: number;
  /** Tells the operator. */
  readonly warn: (message: string) => void;
}

/** How Nest names a provider. */
export type ProviderToken = string | symbol | (abstract new (...args: never[]) => object);

/** Of a transport whose hub bounds nothing: an append has to end. Milliseconds. */
const DEFAULT_DISPATCH_TIMEOUT_MS = 5000;

/** A transport that is told of the application before it is started. */
export interface LivesInApplication {
  /** Whether it must not be started before every provider of the application is there. */
  readonly needsProviders: boolean;
  enter(application: Application): void;
}

export function livesInApplication(transport: Transport): transport is Transport & LivesInApplication {
  return 'enter' in transport;
}

/**
 * Tells a transport where it lives, where it wants to know; before it is started.
 *
 * @param application `dispatchTimeoutMs` as it is in the options: 0 is unbounded
 */
export function enterApplication(transport: Transport, application: Application): void {
  if (!livesInApplication(transport)) return;
  const dispatchTimeoutMs = application.dispatchTimeoutMs || DEFAULT_DISPATCH_TIMEOUT_MS;
  transport.enter({ ...application, dispatchTimeoutMs });
}

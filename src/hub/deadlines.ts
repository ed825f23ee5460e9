import type { SubscriptionRequest } from './hub-options.js';

/** When a stream's lifetime and its token are over. Monotonic milliseconds; Infinity: never. */
export interface Deadlines {
  readonly endsAt: number;
  readonly expiresAt: number;
}

/** @param maxLifetimeMs 0: unbounded */
export function deadlinesOf({ grants, bounded }: SubscriptionRequest, maxLifetimeMs: number): Deadlines {
  const now = performance.now();
  // Spread over the last fifth, so that streams opened together do not come back together.
  const lifetime = bounded && maxLifetimeMs !== 0 ? maxLifetimeMs * (0.8 + Math.random() * 0.2) : Infinity;
  const untilExpiry = grants.expiresAt === undefined ? Infinity : grants.expiresAt * 1000 - Date.now();
  return { endsAt: now + lifetime, expiresAt: now + untilExpiry };
}

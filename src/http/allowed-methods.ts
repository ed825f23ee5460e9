import { METHODS } from 'node:http';
import type { ResolvedOptions } from '../options/resolve-options.js';

/** What the hub has at its URLs: itself, the list of subscriptions, the protected resource metadata. */
export type Place = 'hub' | 'subscriptions' | 'metadata';

/** Whether this Node parses the method that carries a subscription in its body. */
const HAS_QUERY = METHODS.includes('QUERY');

/** What may be done where: without a publisher's key there is nothing to publish with. Nothing anywhere else. */
export function allowedMethods(
  place: Place | 'below' | 'elsewhere',
  { publisher, issuers, protocol }: ResolvedOptions,
): string[] {
  if (place === 'subscriptions') return ['GET'];
  if (place === 'metadata') return ['GET', 'HEAD'];
  if (place !== 'hub') return [];
  const publishes = publisher !== undefined || issuers.some((issuer) => issuer.publisher);
  const queries = HAS_QUERY && protocol !== '0.x';
  return ['GET', 'HEAD', ...(queries ? ['QUERY'] : []), ...(publishes ? ['POST'] : [])];
}

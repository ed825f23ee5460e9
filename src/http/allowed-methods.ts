import type { ResolvedOptions } from '../options/resolve-options.js';

/** What may be done on the hub's URL with these options: without a publisher key there is nothing to publish with. */
export function allowedMethods({ publisher, issuers }: ResolvedOptions): string[] {
  const publishes = publisher !== undefined || issuers.some((issuer) => issuer.publisher);
  return ['GET', 'HEAD', ...(publishes ? ['POST'] : [])];
}

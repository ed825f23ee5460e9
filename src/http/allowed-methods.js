import { METHODS } from 'node:http';
/** Whether this Node parses the method that carries a subscription in its body. */
const HAS_QUERY = METHODS.includes('QUERY');
/** What may be done where: without a publisher's key there is nothing to publish with. Nothing anywhere else. */
export function allowedMethods(place, { publisher, issuers, protocol }) {
  if (place === 'subscriptions') return ['GET'];
  if (place === 'metadata') return ['GET', 'HEAD'];
  if (place !== 'hub') return [];
  const publishes = publisher !== undefined || issuers.some((issuer) => issuer.publisher);
  const queries = HAS_QUERY && protocol !== '0.x';
  return ['GET', 'HEAD', ...(queries ? ['QUERY'] : []), ...(publishes ? ['POST'] : [])];
}
//# sourceMappingURL=allowed-methods.js.map

import { MercureError } from '../errors.js';
import { decodeLegacySegment } from '../legacy/legacy-subscription-document.js';
const targets = new WeakMap();
/**
 * Routes a request below the list of subscriptions to the list itself: adapters spell wildcards differently and bound
 * the length of parameters (Fastify: 100 characters, a topic has 4,096). What was asked for is kept.
 */
export function routeToList(request, root) {
  const target = request.url ?? root;
  targets.set(request, target);
  const query = target.indexOf('?');
  request.url = root + (query === -1 ? '' : target.slice(query));
}
/** The request target as it was sent. */
export function originalTarget(request) {
  return targets.get(request) ?? request.url ?? '/';
}
/**
 * Reads the path behind `…/subscriptions`, encoded as it was sent. Of two segments, the first tells the generations
 * apart: a known matcher type is 1.0, anything else a topic of 0.x.
 *
 * @throws MercureError MATCHER_UNKNOWN, REQUEST_MALFORMED (400), NOT_FOUND (404)
 */
export function readSubscriptionsPath(rest, protocol) {
  const segments = rest.split('/').slice(1);
  if (segments.length === 0) return { form: undefined };
  if (segments.includes('') || segments.length > 3) throw notFound();
  const [first, second, third] = segments;
  const legacy = segments.length === 1 || (segments.length === 2 && !isMatchType(first));
  if (legacy && protocol !== '1.0') {
    return {
      form: '0.x',
      named: 'topic',
      match: decode(first, decodeLegacySegment),
      ...(second === undefined ? undefined : { subscriber: decode(second, decodeLegacySegment) }),
    };
  }
  if (protocol === '0.x' || second === undefined) throw notFound();
  if (!isMatchType(first)) {
    throw new MercureError(
      'MATCHER_UNKNOWN',
      400,
      'Bad Request',
      'The matcher type is "exact" or "urlpattern".',
    );
  }
  return {
    form: '1.0',
    named: first,
    match: decode(second, decodeURIComponent),
    ...(third === undefined ? undefined : { subscriber: decode(third, decodeURIComponent) }),
  };
}
function isMatchType(segment) {
  return segment === 'exact' || segment === 'urlpattern';
}
function decode(segment, by) {
  try {
    return by(segment);
  } catch {
    throw new MercureError(
      'REQUEST_MALFORMED',
      400,
      'Bad Request',
      'Percent-encode each segment as UTF-8, once.',
    );
  }
}
function notFound() {
  return new MercureError('NOT_FOUND', 404, '404 page not found', 'Check the path.');
}
//# sourceMappingURL=subscriptions-path.js.map

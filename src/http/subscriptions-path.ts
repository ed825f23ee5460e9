import { MercureError } from '../errors.js';
import { decodeLegacySegment } from '../legacy/legacy-subscription-document.js';
import type { Protocol } from '../options/mercure-options.js';
import type { StreamRequest } from '../sse/event-stream.js';
import type { Wish } from '../subscriber/subscription.js';
import { notesOf } from './request-notes.js';

/**
 * Routes a request below the list of subscriptions to the list itself: adapters spell wildcards differently and bound
 * the length of parameters (Fastify: 100 characters, a topic has 4,096). What was asked for is kept.
 */
export function routeToList(request: StreamRequest, root: string): void {
  const target = request.url ?? root;
  notesOf(request).target = target;
  const query = target.indexOf('?');
  request.url = root + (query === -1 ? '' : target.slice(query));
}

/** The request target as it was sent. */
export function originalTarget(request: StreamRequest): string {
  return notesOf(request).target ?? request.url ?? '/';
}

/** What a path of the subscription API asks for. */
export interface SubscriptionsQuery {
  /** The form of the answer; undefined for the root, which both generations have. */
  readonly form: '1.0' | '0.x' | undefined;
  readonly named?: Wish['named'];
  readonly match?: string;
  readonly subscriber?: string;
}

/**
 * Reads the path behind `…/subscriptions`, encoded as it was sent. Of two segments, the first tells the generations
 * apart: a known matcher type is 1.0, anything else a topic of 0.x.
 *
 * @throws MercureError MATCHER_UNKNOWN, REQUEST_MALFORMED (400), NOT_FOUND (404)
 */
export function readSubscriptionsPath(rest: string, protocol: Protocol): SubscriptionsQuery {
  const segments = rest.split('/').slice(1);
  if (segments.length === 0) return { form: undefined };
  if (segments.includes('') || segments.length > 3) throw notFound();
  const [first, second, third] = segments as [string, string?, string?];
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

function isMatchType(segment: string): segment is 'exact' | 'urlpattern' {
  return segment === 'exact' || segment === 'urlpattern';
}

function decode(segment: string, by: (segment: string) => string): string {
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

function notFound(): MercureError {
  return new MercureError('NOT_FOUND', 404, '404 page not found', 'Check the path.');
}

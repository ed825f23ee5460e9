import { type Expression, itemsOf } from './automaton/expression.js';
import type { Topic } from './topic.js';
import type { Template } from './uri-template/template.js';
import { SEGMENT_WILDCARDS } from './url-pattern/component-matcher.js';
import type { UrlPattern } from './url-pattern/url-pattern.js';

/** A path segment that a pattern fixes; null: any one segment. */
export type Segment = string | null;

/**
 * Where a pattern can be found by the topics it matches: a topic of another origin, or whose path begins otherwise,
 * is certain not to match.
 */
export interface Address {
  /** The origin of URL Patterns that fix it, or the name of all others. */
  readonly origin: string;
  /** The complete path segments that every matching topic begins with. */
  readonly segments: readonly Segment[];
}

/** Segments beyond these tell too few patterns apart, and would let the ways through a tree double once more. */
const MAX_SEGMENTS = 8;

const ANY_ORIGIN = '';
/** Templates are matched on the text of the topic, not on its URL. No origin looks like it. */
const RAW_TEXT = '{}';

export function addressOfUrlPattern(pattern: UrlPattern): Address {
  const [protocol, hostname, port] = [
    pattern.literal('protocol'),
    pattern.literal('hostname'),
    pattern.literal('port'),
  ];
  const isFixed = protocol !== undefined && hostname !== undefined && port !== undefined;
  return {
    origin: isFixed ? originOf(protocol, hostname, port) : ANY_ORIGIN,
    segments: leadingSegments(pattern.pathname),
  };
}

export function addressOfTemplate([first]: Template): Address {
  // The literal may end within a segment, which is not complete then.
  const literal = typeof first === 'string' ? first : '';
  return { origin: RAW_TEXT, segments: literal.split('/').slice(0, -1).slice(0, MAX_SEGMENTS) };
}

/** Where the patterns that may match a topic are: an origin, and the segments of the topic's path. */
export function addressesOf(topic: Topic): { origin: string; segments: readonly string[] }[] {
  const addresses = [{ origin: RAW_TEXT, segments: topic.value.split('/', MAX_SEGMENTS) }];
  const { url } = topic;
  if (url !== undefined) {
    const segments = url.pathname.split('/', MAX_SEGMENTS);
    addresses.push({ origin: ANY_ORIGIN, segments });
    addresses.push({ origin: originOf(url.protocol, url.hostname, url.port), segments });
  }
  return addresses;
}

function originOf(protocol: string, hostname: string, port: string): string {
  return `${protocol}://${hostname}:${port}`;
}

/** Stands for any one segment; no path of a URL holds it. */
const MARK = '\0';

/** The complete segments, fixed or `:name`, that every path of the language begins with. */
function leadingSegments(path: Expression): Segment[] {
  const items = itemsOf(path);
  let known = '';
  let isWhole = true;
  for (const [index, item] of items.entries()) {
    if (item.kind === 'text') known += item.text;
    else if (item === SEGMENT_WILDCARDS['/'] && known.endsWith('/') && beginsSegment(items[index + 1]))
      known += MARK;
    else {
      isWhole = false;
      break;
    }
  }
  const segments = known.split('/');
  return (isWhole ? segments : segments.slice(0, -1))
    .slice(0, MAX_SEGMENTS)
    .map((segment) => (segment === MARK ? null : segment));
}

function beginsSegment(next: Expression | undefined): boolean {
  return next === undefined || (next.kind === 'text' && next.text.startsWith('/'));
}

import type { Matcher } from '../../../src/topic/matcher.js';
import type { Update } from '../../../src/update/update.js';

/** The hub that relative topics and patterns are resolved against. */
export const HUB_URL = 'https://hub.example/.well-known/mercure';

/** A matcher beside what the protocol's text says it picks: written for this, slow, and sharing no code with the hub. */
export interface Spec {
  readonly matcher: Matcher;
  picks(topic: string): boolean;
}

export interface Rights {
  readonly listens: readonly Spec[];
  readonly granted: readonly Spec[];
}

/** The topics must meet; of a private update one, perhaps another one, must be granted too. */
export function mayHear({ listens, granted }: Rights, { topics, private: isPrivate }: Update): boolean {
  const meets = (specs: readonly Spec[]) => specs.some((spec) => topics.some((topic) => spec.picks(topic)));
  return meets(listens) && (!isPrivate || meets(granted));
}

export function exactly(pattern: string): Spec {
  return { matcher: { type: 'exact', pattern }, picks: (topic) => topic === pattern };
}

/** Every topic, by whatever type it is asked for. */
export function everything(type: 'all' | 'urlpattern' | 'template'): Spec {
  return { matcher: { type, pattern: '*' }, picks: () => true };
}

/** Part of a URL Pattern's path: a text as it is, `:name` of one segment, `*` of any text. */
export type PathPart = string | { readonly name: string } | typeof ANY;
export const ANY = Symbol('any text');

/** A pattern of an origin (none: the hub's; `*`: any scheme and host on its default port) and a path. */
export function urlPattern(origin: string, path: readonly PathPart[]): Spec {
  const written = path.map((part) =>
    part === ANY ? '*' : typeof part === 'string' ? escapePattern(part) : `:${part.name}`,
  );
  const anywhere = origin === '*';
  const wanted = new URL(anywhere || origin === '' ? HUB_URL : origin);
  const parts = path.map((part) => (typeof part === 'string' ? encodePath(part) : part));
  return {
    matcher: { type: 'urlpattern', pattern: `${anywhere ? '*://*' : origin}${written.join('')}` },
    picks(topic) {
      const url = parse(topic);
      if (!url) return false;
      if (anywhere ? url.port !== '' : url.protocol !== wanted.protocol || url.host !== wanted.host)
        return false;
      return walk(parts, url.pathname);
    },
  };
}

/** Of the expressions of URI Templates: `{x}`, `{+x}` and `{/x}`. */
export type TemplatePart = string | { readonly expression: 'simple' | 'reserved' | 'segment' };

const EXPRESSIONS = {
  simple: { text: '{x}', source: '(?:[A-Za-z0-9._~,-]|%[0-9A-Fa-f]{2})*' },
  reserved: { text: '{+x}', source: "(?:[A-Za-z0-9._~!#$&'()*+,/:;=?@[\\]-]|%[0-9A-Fa-f]{2})*" },
  segment: { text: '{/x}', source: '(?:/(?:[A-Za-z0-9._~,-]|%[0-9A-Fa-f]{2})*)?' },
} as const;

/** A template picks the texts it could expand to, and its own. */
export function uriTemplate(parts: readonly TemplatePart[]): Spec {
  const pattern = parts
    .map((part) => (typeof part === 'string' ? part : EXPRESSIONS[part.expression].text))
    .join('');
  const source = parts.map((part) =>
    typeof part === 'string'
      ? part.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
      : EXPRESSIONS[part.expression].source,
  );
  const expansion = new RegExp(`^${source.join('')}$`, 'u');
  return {
    matcher: { type: 'template', pattern },
    picks: (topic) => topic === pattern || expansion.test(topic),
  };
}

function parse(topic: string): URL | undefined {
  try {
    return new URL(topic, HUB_URL);
  } catch {
    return undefined;
  }
}

/** Whether the path is these parts in this order, by trying every way to divide it. */
function walk([part, ...rest]: readonly PathPart[], path: string): boolean {
  if (part === undefined) return path === '';
  if (typeof part === 'string') return path.startsWith(part) && walk(rest, path.slice(part.length));
  const isName = part !== ANY;
  for (let taken = isName ? 1 : 0; taken <= path.length; taken++) {
    if (isName && path[taken - 1] === '/') return false;
    if (walk(rest, path.slice(taken))) return true;
  }
  return false;
}

/** What the URL Standard makes of a text in a path. */
function encodePath(text: string): string {
  return new URL(`https://x.example/-${text}`).pathname.slice(2);
}

/** In braces, without which even an escaped colon ends a scheme (URL Pattern Standard, constructor string parser). */
function escapePattern(text: string): string {
  return text.replace(/[:*?+(){}\\]/g, '{\\$&}');
}

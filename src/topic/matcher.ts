/**
 * How a value picks topics:
 * - `all`: every topic (`*`, recognised before any type is looked at);
 * - `exact`: byte for byte the same, no normalisation, no base URL;
 * - `urlpattern`: a WHATWG URL Pattern, resolved like the topic against the hub's URL (1.0);
 * - `template`: a URI Template of RFC 6570 used as a selector, or the very same text (0.x).
 */
export type MatcherType = 'all' | 'exact' | 'urlpattern' | 'template';

/** A matcher as a plain value: what a subscriber asks for, or what a token grants. */
export interface Matcher {
  readonly type: MatcherType;
  readonly pattern: string;
}

/** The matcher of every topic. */
export const ALL: Matcher = Object.freeze({ type: 'all', pattern: '*' });

/**
 * The matcher that is meant: the wildcard goes before the type, so that a URL Pattern or a template of just `*` is every
 * topic (draft-dunglas-mercure-08). An exact `*` stays the topic of that name.
 */
export function meantMatcher(matcher: Matcher): Matcher {
  const isAll = matcher.type === 'all' || (matcher.type !== 'exact' && matcher.pattern === '*');
  return isAll ? ALL : matcher;
}

import { describe, expect, it } from 'vitest';
import { compileMatcher } from '../../src/topic/compile-matcher.js';
import type { MatcherType } from '../../src/topic/matcher.js';
import { cost, HUB, noise } from './support/matching.js';

/** Bytes of the longest topic a hub takes. */
const LONGEST = 8192;

/** A text of exactly so many characters, repeated from a piece. */
function fill(piece: string, length: number): string {
  return piece.repeat(Math.ceil(length / piece.length)).slice(0, length);
}

const path =
  (piece: string, end = '') =>
  (length: number): string =>
    `/${fill(piece, length - 1 - end.length)}${end}`;

const plain =
  (piece: string) =>
  (length: number): string =>
    fill(piece, length);

function names(count: number, separator: string): string {
  return Array.from({ length: count }, (_, i) => `:n${i}`).join(separator);
}

/** Pattern families that took backtracking matchers seconds to days, with the topics that did it. */
const HOSTILE: readonly (readonly [
  name: string,
  type: MatcherType,
  pattern: string,
  topic: (length: number) => string,
])[] = [
  ['five wildcards', 'urlpattern', '/*a*a*a*a*b', path('a')],
  ['five wildcards without a literal end', 'urlpattern', '/*a*a*a*a*b*', path('a')],
  ['a thousand wildcards', 'urlpattern', `/${'*a'.repeat(1000)}*`, path('a')],
  ['wildcards between pairs', 'urlpattern', `/${'*ab*ba'.repeat(330)}*`, (n) => `/${noise(n - 1)}`],
  ['a long literal between wildcards', 'urlpattern', `/*${'a'.repeat(2000)}b*`, path('a')],
  ['four names and dashes', 'urlpattern', '/:a-:b-:c-:d', path('-')],
  ['hundreds of names and dashes', 'urlpattern', `/${names(300, '-')}-*x*`, path('-')],
  ['adjacent names', 'urlpattern', `/${names(300, '')}-:z`, path('a')],
  ['nested repetition', 'urlpattern', '/((?:a+)+)b', path('a', '!')],
  ['nested repetition after a name', 'urlpattern', '/:x((?:a+)+)b', path('a', '!')],
  ['nested repetition without a literal end', 'urlpattern', '/((?:a+)+b)*', path('a', '!')],
  ['nested stars', 'urlpattern', '/((?:(?:a*)*)*b)*', path('a')],
  ['optional letters', 'urlpattern', `/${'{a}?'.repeat(80)}${'a'.repeat(80)}(b|c)`, path('a')],
  ['groups of words', 'urlpattern', `/${'(\\w+)'.repeat(80)}(b|!)`, path('a')],
  ['repeated prefixes', 'urlpattern', '/{:x/}*{:y/}*{:z/}*:w(a+)(b|!)', path('a/')],
  ['a table of 2^60 states', 'urlpattern', '/((?:a|b)*a(?:a|b){60})*', (n) => `/${noise(n - 1)}`],
  ['wildcards in the search', 'urlpattern', `/?${'*=*&'.repeat(500)}*`, (n) => `/?${fill('=&', n - 2)}`],
  [
    'wildcards in the host',
    'urlpattern',
    `https://${'*.a.'.repeat(400)}b/`,
    (n) => `https://${fill('a.', n - 9)}/`,
  ],
  ['adjacent expressions', 'template', `${'{a}'.repeat(4)}!`, plain('a')],
  ['many adjacent expressions', 'template', `${'{a}'.repeat(40)}!{b}`, plain('a')],
  ['commas', 'template', '{a,b,c,d,e,f,g,h,i,j}!', plain(',')],
  ['reserved expressions', 'template', `${'{+a}ab'.repeat(25)}{c}!{d}`, (n) => noise(n)],
  ['exploded paths', 'template', `${'{/a*}'.repeat(15)}!{b}`, plain('/a')],
];

describe('hostile patterns', () => {
  it.each(HOSTILE)('%s: steps stay under 4 × positions × topic', (_, type, pattern, topic) => {
    const { positions } = compileMatcher({ type, pattern }, HUB);
    const { steps } = cost(type, pattern, topic(LONGEST));
    expect(steps).toBeLessThanOrEqual(4 * Math.max(positions, 8) * LONGEST);
  });

  it.each(HOSTILE)('%s: twice the topic takes at most twice the steps', (_, type, pattern, topic) => {
    const half = cost(type, pattern, topic(LONGEST / 2));
    const whole = cost(type, pattern, topic(LONGEST));
    // The constant is the table that a short topic pays for as well as a long one.
    expect(whole.steps).toBeLessThanOrEqual(2.2 * half.steps + 50_000);
  });

  it.each(HOSTILE)('%s: positions never exceed the pattern, nor the cap of automata', (_, type, pattern) => {
    const { positions } = compileMatcher({ type, pattern }, HUB);
    expect(positions).toBeLessThanOrEqual(Math.max(pattern.length, 256));
  });
});

describe('patterns that are expensive to read', () => {
  it.each([
    ['parentheses', `/${'(a(?:'.repeat(400)}`],
    ['nested groups', `/(a${'(?:'.repeat(400)}a${')'.repeat(400)})`],
    ['braces', `/${'{'.repeat(2000)}`],
    ['brackets', `/(${'['.repeat(2000)}`],
    ['at signs', `https://${'@'.repeat(2000)}`],
    ['colons', `https://a${':'.repeat(2000)}`],
    ['names', `/${names(280, '-')}`],
    ['character properties', `/${'(\\p{L}\\p{Script=Greek})'.repeat(80)}`],
    ['classes', `/${'([a-z])'.repeat(280)}`],
    ['a large class', `/([${'a-z'.repeat(600)}])`],
    ['alternatives', `/(${'a|'.repeat(900)}b)`],
    ['letters that are not ASCII', `/${'*é'.repeat(1000)}`],
    ['triplets', `/${'%41'.repeat(600)}*`],
    ['counts', '/(a{0,9999}(?:b{1,9999}){9999})'],
    ['huge counts', '/((?:){99999999999999999999}a)'],
  ])('%s end, one way or the other', (_, pattern) => {
    // The hang guard of the suite is the only clock here.
    try {
      compileMatcher({ type: 'urlpattern', pattern }, HUB);
    } catch (error) {
      expect(error).toMatchObject({ code: 'MATCHER_INVALID' });
    }
  });
});

import { ByteCache } from '../byte-cache.js';
import { compileExpression } from '../automaton/compile-expression.js';
import { type Expression, oneOf, repeat, sequence, text } from '../automaton/expression.js';
import { InvalidPattern } from '../automaton/invalid-pattern.js';
import { EVERYTHING } from '../automaton/plain-recognizers.js';
import type { Recognizer } from '../automaton/recognizer.js';
import { ANY_SYMBOL, SymbolSet } from '../automaton/symbol-set.js';
import { type Component, SPECIAL_SCHEMES } from './components.js';
import { assertSyntax, parseGroupRegExp } from './group-regexp.js';
import type { Modifier, Part } from './part.js';
import { parsePatternString } from './pattern-string.js';
import { type Syntax, syntaxOf } from './syntax.js';

const TIMES: Readonly<Record<Modifier, readonly [min: number, max: number]>> = {
  none: [1, 1],
  optional: [0, 1],
  'zero-or-more': [0, Infinity],
  'one-or-more': [1, Infinity],
};

/** Uses of `\p{…}` in a component: each may cost the platform a fifth of a millisecond to work out. */
const MAX_PROPERTIES = 16;

const FULL_WILDCARD = repeat(oneOf(ANY_SYMBOL), 0);

/** `:name`: anything up to the delimiter, at least one character of it. */
export const SEGMENT_WILDCARDS: Readonly<Record<Syntax['delimiter'], Expression>> = {
  '': repeat(oneOf(ANY_SYMBOL), 1),
  '.': repeat(oneOf(SymbolSet.where((symbol) => symbol !== 0x2e)), 1),
  '/': repeat(oneOf(SymbolSet.where((symbol) => symbol !== 0x2f)), 1),
};

/**
 * The language of one component's pattern.
 *
 * @throws InvalidPattern
 */
export function componentExpression(pattern: string, syntax: Syntax): Expression {
  const parts = parsePatternString(pattern, syntax);
  const groups = parts.filter((part) => part.type === 'regexp');
  const properties = groups.flatMap((part) => part.value.match(/\\p/gi) ?? []).length;
  if (properties > MAX_PROPERTIES)
    throw new InvalidPattern('groups may name a few character properties (\\p) only');
  // Together they are one regular expression to the standard, in which no two groups share a name.
  if (groups.length > 1) assertSyntax(groups.map((part) => `(${part.value})`).join(''));
  return sequence(...parts.map((part) => partExpression(part, syntax)));
}

function partExpression(part: Part, syntax: Syntax): Expression {
  const [min, max] = TIMES[part.modifier];
  if (part.type === 'fixed-text') return repeat(text(part.value), min, max);
  return repeat(sequence(text(part.prefix), groupExpression(part, syntax), text(part.suffix)), min, max);
}

function groupExpression(part: Part, syntax: Syntax): Expression {
  if (part.type === 'full-wildcard') return FULL_WILDCARD;
  if (part.type === 'segment-wildcard') return SEGMENT_WILDCARDS[syntax.delimiter];
  return parseGroupRegExp(part.value);
}

/** Recognizers of components other than paths, which most patterns of a hub share; bounded: it is clients who name them. */
const interned = new ByteCache<Recognizer>(1024 * 1024);

/**
 * The recognizer of a component's pattern, the same one for the same pattern: seven of the eight components of a
 * pattern are nearly always known already, which makes compiling several times cheaper.
 *
 * @throws InvalidPattern
 */
export function compileComponent(name: Exclude<Component, 'pathname'>, pattern: string): Recognizer {
  if (pattern === '*') return EVERYTHING;
  const key = `${name} ${pattern}`;
  let recognizer = interned.get(key);
  if (recognizer === undefined) {
    recognizer = compileExpression(componentExpression(pattern, syntaxOf(name, pattern)));
    interned.set(key, recognizer, 500 + 40 * recognizer.positions);
  }
  return recognizer;
}

/** Whether it accepts a scheme whose URLs have a host and a hierarchical path (`http`, `wss`, …). */
export function matchesSpecialScheme(protocol: Recognizer): boolean {
  return SPECIAL_SCHEMES.some((scheme) => protocol.accepts(scheme));
}

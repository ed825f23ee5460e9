import { compileComponent, matchesSpecialScheme } from '../../../src/topic/url-pattern/component-matcher.js';
import {
  type ComponentPatterns,
  perComponent,
  type UrlComponents,
} from '../../../src/topic/url-pattern/components.js';
import { parseConstructorString } from '../../../src/topic/url-pattern/constructor-string.js';
import type { Part } from '../../../src/topic/url-pattern/part.js';
import { parsePatternString } from '../../../src/topic/url-pattern/pattern-string.js';
import { resolveComponents } from '../../../src/topic/url-pattern/resolve-components.js';
import { type Syntax, syntaxOf } from '../../../src/topic/url-pattern/syntax.js';

/** What the getters of a `URLPattern` would answer: each component of a pattern, parsed and written again. */
export function componentStrings(given: string | ComponentPatterns, base?: string): UrlComponents {
  const patterns = resolveComponents(typeof given === 'string' ? parseConstructorString(given) : given, base);
  const isOpaque = !matchesSpecialScheme(compileComponent('protocol', patterns.protocol));
  return perComponent((name) => {
    const syntax = syntaxOf(name, patterns[name], isOpaque);
    return patternString(parsePatternString(patterns[name], syntax), syntax);
  });
}

const MODIFIERS = { none: '', optional: '?', 'zero-or-more': '*', 'one-or-more': '+' } as const;
const SEGMENT_REGEXPS = { '': '[^]+?', '.': '[^\\.]+?', '/': '[^\\/]+?' } as const;
const CONTINUES_NAME = /^[$\u200c\u200d\p{ID_Continue}]/u;

/** Parts as a pattern string (WHATWG URL Pattern, "generate a pattern string"). */
export function patternString(parts: readonly Part[], syntax: Syntax): string {
  return parts.map((part, i) => write(part, parts[i - 1], parts[i + 1], syntax)).join('');
}

function write(part: Part, previous: Part | undefined, next: Part | undefined, syntax: Syntax): string {
  const modifier = MODIFIERS[part.modifier];
  if (part.type === 'fixed-text') {
    const text = escape(part.value);
    return part.modifier === 'none' ? text : `{${text}}${modifier}`;
  }
  const isGrouped = needsBraces(part, previous, next, syntax);
  // A suffix that reads like more of the name is kept apart from it.
  const splits = part.type === 'segment-wildcard' && part.name !== '' && CONTINUES_NAME.test(part.suffix);
  const name = part.name === '' ? '' : `:${part.name}`;
  const group = writeGroup(part, previous, isGrouped, syntax);
  const text = `${escape(part.prefix)}${name}${group}${splits ? '\\' : ''}${escape(part.suffix)}`;
  return (isGrouped ? `{${text}}` : text) + modifier;
}

/** Whether the part would be read otherwise, or take in what stands beside it, were it not in braces. */
function needsBraces(
  part: Part,
  previous: Part | undefined,
  next: Part | undefined,
  { prefix }: Syntax,
): boolean {
  if (part.suffix !== '' || (part.prefix !== '' && part.prefix !== prefix)) return true;
  const isBareName = part.type === 'segment-wildcard' && part.name !== '' && part.modifier === 'none';
  if (isBareName && next !== undefined && next.prefix === '' && next.suffix === '') {
    if (next.type === 'fixed-text' ? CONTINUES_NAME.test(next.value) : next.name === '') return true;
  }
  return (
    prefix !== '' && part.prefix === '' && previous?.type === 'fixed-text' && previous.value.endsWith(prefix)
  );
}

function writeGroup(
  part: Part,
  previous: Part | undefined,
  isGrouped: boolean,
  { delimiter }: Syntax,
): string {
  if (part.type === 'regexp') return `(${part.value})`;
  if (part.type === 'segment-wildcard') return part.name === '' ? `(${SEGMENT_REGEXPS[delimiter]})` : '';
  // After another group an asterisk would be its modifier.
  const isApart =
    previous === undefined ||
    previous.type === 'fixed-text' ||
    previous.modifier !== 'none' ||
    isGrouped ||
    part.prefix !== '';
  return part.name === '' && isApart ? '*' : '(.*)';
}

function escape(text: string): string {
  return text.replace(/[+*?:{}()\\]/g, '\\$&');
}

import { InvalidPattern } from '../automaton/invalid-pattern.js';

export type TokenType =
  | 'open'
  | 'close'
  | 'regexp'
  | 'name'
  | 'char'
  | 'escaped-char'
  | 'other-modifier'
  | 'asterisk'
  | 'end'
  | 'invalid-char';

/** One lexical piece of a pattern string. */
export interface Token {
  readonly type: TokenType;
  /** Where it begins in the pattern, in UTF-16 units. */
  readonly index: number;
  readonly value: string;
}

/** `strict` refuses what is no token; `lenient` lets it through as `invalid-char`, to find the components first. */
export type TokenizePolicy = 'strict' | 'lenient';

const SIMPLE: ReadonlyMap<string, TokenType> = new Map([
  ['*', 'asterisk'],
  ['+', 'other-modifier'],
  ['?', 'other-modifier'],
  ['{', 'open'],
  ['}', 'close'],
]);

const NAME_START = /[$_\p{ID_Start}]/u;
const NAME_PART = /[$\u200c\u200d\p{ID_Continue}]/u;

/**
 * Splits a pattern string into tokens (WHATWG URL Pattern, "tokenize"). Linear: a parenthesis that fails is read
 * again from the next character, but only an unbroken nest of `(?` can follow it, and those fail at once.
 *
 * @throws InvalidPattern under the strict policy
 */
export function tokenize(input: string, policy: TokenizePolicy): Token[] {
  const tokens: Token[] = [];
  let index = 0;
  const add = (type: TokenType, next: number, from: number, to = next): void => {
    tokens.push({ type, index, value: input.slice(from, to) });
    index = next;
  };
  const fail = (next: number, from: number, advice: string): void => {
    if (policy === 'strict') throw new InvalidPattern(advice);
    add('invalid-char', next, from);
  };
  while (index < input.length) {
    const char = charAt(input, index);
    const after = index + char.length;
    const simple = SIMPLE.get(char);
    if (simple !== undefined) add(simple, after, index);
    else if (char === '\\') {
      if (after === input.length)
        fail(after, index, 'a backslash must be followed by the character it escapes');
      else add('escaped-char', after + charAt(input, after).length, after);
    } else if (char === ':') {
      const end = nameEnd(input, after);
      if (end === after) fail(after, index, 'a colon that starts no name must be escaped with a backslash');
      else add('name', end, after);
    } else if (char === '(') {
      const end = regexpEnd(input, after);
      if (end === undefined) fail(after, index, GROUP_ADVICE);
      else add('regexp', end, after, end - 1);
    } else add('char', after, index);
  }
  add('end', index, index);
  return tokens;
}

const GROUP_ADVICE =
  'a group in parentheses must be closed, hold ASCII only, and use (?: for the parentheses inside it';

function charAt(input: string, index: number): string {
  return String.fromCodePoint(input.codePointAt(index)!);
}

function nameEnd(input: string, start: number): number {
  let end = start;
  while (end < input.length) {
    const char = charAt(input, end);
    if (!(end === start ? NAME_START : NAME_PART).test(char)) break;
    end += char.length;
  }
  return end;
}

/** Just after the parenthesis that closes the group; undefined where the group is no group. */
function regexpEnd(input: string, start: number): number | undefined {
  if (input[start] === '?' || input[start] === ')') return undefined;
  let depth = 1;
  for (let at = start; at < input.length; at++) {
    const char = input[at]!;
    if (char > '\x7f') return undefined;
    if (char === '\\') {
      at += 1;
      if (at === input.length || input[at]! > '\x7f') return undefined;
    } else if (char === ')') {
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (char === '(') {
      depth += 1;
      if (input[at + 1] !== '?') return undefined;
    }
  }
  return undefined;
}

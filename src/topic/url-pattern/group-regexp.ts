import { InvalidPattern } from '../automaton/invalid-pattern.js';
import {
  choice,
  END,
  type Expression,
  oneOf,
  repeat,
  sequence,
  START,
  text,
} from '../automaton/expression.js';
import { MAX_STATES } from '../automaton/nfa.js';
import { symbolsOfAtom } from './group-atom.js';

/**
 * A custom group of a URL Pattern, `(\d+|new)`, as an expression.
 *
 * The syntax is that of regular expressions with the `v` flag, checked by the platform first. What is no regular
 * language, or costs more than linear time, is refused: look-arounds, back-references, word boundaries, strings
 * inside classes.
 *
 * @throws InvalidPattern
 */
export function parseGroupRegExp(source: string): Expression {
  assertSyntax(`(?:${source})`);
  return new GroupParser(source).parse();
}

/** @throws InvalidPattern when it is no regular expression with the `v` flag */
export function assertSyntax(source: string): void {
  try {
    RegExp(source, 'v');
  } catch {
    throw new InvalidPattern('a group in parentheses must be a regular expression of the "v" flavour');
  }
}

/** Reads syntax that is known to be valid, so it looks only for what the next construct is. */
class GroupParser {
  private at = 0;
  private atoms = 0;

  constructor(private readonly source: string) {}

  parse(): Expression {
    const whole = this.parseChoice();
    // The parentheses balance once the platform has accepted them alone; this is for the reader and for safety.
    if (this.at !== this.source.length) throw unsupported();
    return whole;
  }

  private parseChoice(): Expression {
    const items = [this.parseSequence()];
    while (this.take('|')) items.push(this.parseSequence());
    return choice(...items);
  }

  private parseSequence(): Expression {
    const items: Expression[] = [];
    while (this.at < this.source.length && !this.sees('|') && !this.sees(')')) items.push(this.parseRepeat());
    return sequence(...items);
  }

  private parseRepeat(): Expression {
    const item = this.parseAtom();
    const times = this.parseQuantifier();
    if (times === undefined) return item;
    // Greedy or not: the question is whether the whole text matches, and both answer the same.
    this.take('?');
    return repeat(item, ...times);
  }

  private parseQuantifier(): [min: number, max: number] | undefined {
    if (this.take('*')) return [0, Infinity];
    if (this.take('+')) return [1, Infinity];
    if (this.take('?')) return [0, 1];
    const counted = this.takeMatch(/\{(\d+)(?:(,)(\d*))?\}/y);
    if (counted === undefined) return undefined;
    const [, min, comma, max] = counted;
    if (comma === undefined) return [Number(min), Number(min)];
    return [Number(min), max ? Number(max) : Infinity];
  }

  private parseAtom(): Expression {
    // More atoms than states will be refused anyway; stopping here bounds the sets that are worked out.
    this.atoms += 1;
    if (this.atoms > MAX_STATES) throw unsupported();
    if (this.take('(')) return this.parseParentheses();
    if (this.take('^')) return START;
    if (this.take('$')) return END;
    if (this.sees('.')) return this.parseSet(/\./y);
    if (this.sees('[')) return this.parseClass();
    if (this.sees('\\')) return this.parseEscape();
    return text(this.source[this.at++]!);
  }

  private parseParentheses(): Expression {
    if (this.takeMatch(/\?:|\?<[^=!>]+>/y) === undefined) throw unsupported();
    const inside = this.parseChoice();
    this.take(')');
    return inside;
  }

  private parseEscape(): Expression {
    // \1 and \k refer to what another group matched; \b and \B look at both sides.
    if (this.takeMatch(/\\[1-9kbB]/y) !== undefined) throw unsupported();
    // Two escaped halves of a pair are one character.
    return this.parseSet(
      /\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u\{[^}]*\}|\\u[\da-fA-F]{4}|\\x[\da-fA-F]{2}|\\c[A-Za-z]|\\[pP]\{[^}]*\}|\\./y,
    );
  }

  private parseClass(): Expression {
    const start = this.at;
    let depth = 0;
    do {
      const char = this.source[this.at++];
      if (char === undefined) throw unsupported();
      if (char === '[') depth += 1;
      else if (char === ']') depth -= 1;
      else if (char === '\\') {
        if (this.sees('q')) throw unsupported();
        this.at += 1;
      }
    } while (depth > 0);
    return oneOf(symbolsOfAtom(this.source.slice(start, this.at)));
  }

  private parseSet(pattern: RegExp): Expression {
    const [source] = this.takeMatch(pattern) ?? [];
    if (source === undefined) throw unsupported();
    return oneOf(symbolsOfAtom(source));
  }

  private sees(char: string): boolean {
    return this.source[this.at] === char;
  }

  private take(char: string): boolean {
    if (!this.sees(char)) return false;
    this.at += 1;
    return true;
  }

  /** Takes what a sticky expression matches here. */
  private takeMatch(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.source);
    if (match === null) return undefined;
    this.at += match[0].length;
    return match;
  }
}

function unsupported(): InvalidPattern {
  return new InvalidPattern(
    'groups may use alternation, classes, repetition and (?:…), but no look-around, back-reference, \\b, \\q or flags',
  );
}

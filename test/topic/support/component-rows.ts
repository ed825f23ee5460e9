import { expect, it } from 'vitest';
import { InvalidPattern } from '../../../src/topic/automaton/invalid-pattern.js';
import { type ComponentPatterns, perComponent } from '../../../src/topic/url-pattern/components.js';
import {
  createUrlPattern,
  parseUrlPattern,
  type UrlPattern,
} from '../../../src/topic/url-pattern/url-pattern.js';
import { componentStrings } from './pattern-string.js';

/** A pattern in one string or by components, and what its components read; those that are not named read `*`. */
export type Row = readonly [given: string | ComponentPatterns, expected: ComponentPatterns];

/** Every row runs as a test of its own. */
export function reads(rows: readonly Row[], base?: string): void {
  it.each(rows)('%o reads as %o', (given, expected) => {
    compile(given, base);
    expect(componentStrings(given, base)).toEqual(perComponent((name) => expected[name] ?? '*'));
  });
}

export function refuses(rows: readonly (string | ComponentPatterns)[], base?: string): void {
  it.each(rows)('refuses %o', (given) => {
    expect(() => compile(given, base)).toThrow(InvalidPattern);
  });
}

function compile(given: string | ComponentPatterns, base?: string): UrlPattern {
  return typeof given === 'string' ? parseUrlPattern(given, base) : createUrlPattern(given, base);
}

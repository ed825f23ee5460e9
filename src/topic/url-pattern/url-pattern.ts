import { compileExpression } from '../automaton/compile-expression.js';
import type { Expression } from '../automaton/expression.js';
import { InvalidPattern } from '../automaton/invalid-pattern.js';
import { EVERYTHING } from '../automaton/plain-recognizers.js';
import { readInSlices, type Recognizer } from '../automaton/recognizer.js';
import { componentExpression, compileComponent, matchesSpecialScheme } from './component-matcher.js';
import { type Component, type ComponentPatterns, perComponent, type UrlComponents } from './components.js';
import { parseConstructorString } from './constructor-string.js';
import { resolveComponents } from './resolve-components.js';
import { syntaxOf } from './syntax.js';

/**
 * A compiled WHATWG URL Pattern. Case matters everywhere but in the scheme and the host: Mercure has no way to name the
 * standard's option `ignoreCase`, and it is the only thing left out.
 */
export class UrlPattern {
  /** The components that not every URL matches, the most telling first. */
  private readonly tests: readonly (readonly [Component, Recognizer])[];
  /** Automaton positions of all components. */
  readonly positions: number;

  constructor(
    private readonly recognizers: Readonly<Record<Component, Recognizer>>,
    /** The language of the pathname, for an index to look at. */
    readonly pathname: Expression,
  ) {
    this.tests = TEST_ORDER.map((name) => [name, recognizers[name]] as const).filter(
      ([, recognizer]) => recognizer !== EVERYTHING,
    );
    this.positions = this.tests.reduce((sum, [, recognizer]) => sum + recognizer.positions, 0);
  }

  /** The only text a component may be, where there is only one. */
  literal(component: Component): string | undefined {
    return this.recognizers[component].literal;
  }

  /** Whether every component of the URL matches. */
  matches(url: UrlComponents): boolean {
    return this.tests.every(([name, recognizer]) => recognizer.accepts(url[name]));
  }

  /**
   * The same verdict in slices.
   * @param budget steps between two yields, about
   */
  *test(url: UrlComponents, budget: number): Generator<void, boolean, void> {
    for (const [name, recognizer] of this.tests) {
      if (!(yield* readInSlices(recognizer, url[name], budget))) return false;
    }
    return true;
  }
}

const TEST_ORDER: readonly Component[] = [
  'hostname',
  'pathname',
  'protocol',
  'port',
  'search',
  'hash',
  'username',
  'password',
];

/**
 * Compiles a pattern given as one string.
 *
 * @param base the absolute URL against which a relative pattern is resolved
 * @throws InvalidPattern
 */
export function parseUrlPattern(input: string, base?: string): UrlPattern {
  const given = parseConstructorString(input);
  if (given.protocol === undefined && base === undefined) {
    throw new InvalidPattern('a relative pattern needs a base URL');
  }
  return createUrlPattern(given, base);
}

/**
 * Compiles a pattern given by its components.
 *
 * @throws InvalidPattern
 */
export function createUrlPattern(given: ComponentPatterns, base?: string): UrlPattern {
  const patterns = resolveComponents(given, base);
  const isOpaque = !matchesSpecialScheme(compileComponent('protocol', patterns.protocol));
  const pathname = componentExpression(patterns.pathname, syntaxOf('pathname', patterns.pathname, isOpaque));
  const recognizers = perComponent((name) => {
    return name === 'pathname' ? compileExpression(pathname) : compileComponent(name, patterns[name]);
  });
  return new UrlPattern(recognizers, pathname);
}

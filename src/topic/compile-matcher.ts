import { MercureError } from '../errors.js';
import { compileExpression } from './automaton/compile-expression.js';
import { InvalidPattern } from './automaton/invalid-pattern.js';
import { readInSlices, type Recognizer } from './automaton/recognizer.js';
import { type Address, addressOfTemplate, addressOfUrlPattern } from './address.js';
import { type Matcher, meantMatcher } from './matcher.js';
import { assertMatcherText } from './matcher-text.js';
import type { Topic } from './topic.js';
import { parseTemplate } from './uri-template/template.js';
import { templateExpression } from './uri-template/template-expression.js';
import { parseUrlPattern, type UrlPattern } from './url-pattern/url-pattern.js';

/** A matcher ready to be asked, in time linear in the topic. */
export interface CompiledMatcher {
  readonly matcher: Matcher;
  /** Automaton positions it holds; 0 for `all` and `exact`. */
  readonly positions: number;
  /** Where an index finds it; undefined for `all` and `exact`, which need no search. */
  readonly address?: Address;
  /** Whether it picks the topic. */
  matches(topic: Topic): boolean;
  /** The same verdict, with a yield after about `budget` steps each. */
  test(topic: Topic, budget: number): Generator<void, boolean, void>;
}

/**
 * Compiles a matcher.
 *
 * @param base the absolute URL of the hub, against which relative URL Patterns are resolved
 * @throws MercureError MATCHER_INVALID (400) for text that is too long or holds forbidden characters, and for a
 *   pattern that is malformed or needs too many states; the message tells strangers nothing more
 */
export function compileMatcher(asked: Matcher, base: string): CompiledMatcher {
  const matcher = meantMatcher(asked);
  assertMatcherText(matcher);
  const { type, pattern } = matcher;
  if (type === 'exact') return simple(matcher, (topic) => topic.value === pattern);
  if (type === 'all') return simple(matcher, () => true);
  try {
    return type === 'template'
      ? new TemplateMatcher(matcher)
      : new UrlPatternMatcher(matcher, parseUrlPattern(pattern, base));
  } catch (error) {
    if (!(error instanceof InvalidPattern)) throw error;
    const [what, kind] = type === 'template' ? ['URI Template', 'template'] : ['URL Pattern', 'pattern'];
    throw new MercureError(
      'MATCHER_INVALID',
      400,
      `invalid topic matcher ${kind}`,
      `Write a valid ${what}: ${error.message}.`,
    );
  }
}

function simple(matcher: Matcher, matches: (topic: Topic) => boolean): CompiledMatcher {
  return { matcher, positions: 0, matches, test: (topic) => decided(matches(topic)) };
}

// oxlint-disable-next-line require-yield -- a verdict that needs no pause
function* decided(verdict: boolean): Generator<void, boolean, void> {
  return verdict;
}

class UrlPatternMatcher implements CompiledMatcher {
  readonly positions: number;
  readonly address: Address;

  constructor(
    readonly matcher: Matcher,
    private readonly urlPattern: UrlPattern,
  ) {
    this.positions = urlPattern.positions;
    this.address = addressOfUrlPattern(urlPattern);
  }

  matches(topic: Topic): boolean {
    return topic.url !== undefined && this.urlPattern.matches(topic.url);
  }

  *test(topic: Topic, budget: number): Generator<void, boolean, void> {
    return topic.url !== undefined && (yield* this.urlPattern.test(topic.url, budget));
  }
}

class TemplateMatcher implements CompiledMatcher {
  readonly positions: number;
  readonly address: Address;
  private readonly recognizer: Recognizer;

  /** @throws InvalidPattern */
  constructor(readonly matcher: Matcher) {
    const template = parseTemplate(matcher.pattern);
    if (template === undefined) throw new InvalidPattern('see RFC 6570, section 2');
    this.recognizer = compileExpression(templateExpression(template));
    this.positions = this.recognizer.positions;
    this.address = addressOfTemplate(template);
  }

  matches(topic: Topic): boolean {
    return topic.value === this.matcher.pattern || this.recognizer.accepts(topic.bytes);
  }

  *test(topic: Topic, budget: number): Generator<void, boolean, void> {
    if (topic.value === this.matcher.pattern) return true;
    return yield* readInSlices(this.recognizer, topic.bytes, budget);
  }
}

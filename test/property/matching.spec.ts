import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileExpression } from '../../src/topic/automaton/compile-expression.js';
import {
  choice,
  END,
  type Expression,
  oneOf,
  repeat,
  sequence,
  START,
  text,
} from '../../src/topic/automaton/expression.js';
import { ANY_SYMBOL, SymbolSet } from '../../src/topic/automaton/symbol-set.js';
import { compileMatcher } from '../../src/topic/compile-matcher.js';
import type { Matcher } from '../../src/topic/matcher.js';
import { type IndexEntry, SubscriptionIndex } from '../../src/topic/subscription-index.js';
import { Topic } from '../../src/topic/topic.js';
import { parseUrlPattern } from '../../src/topic/url-pattern/url-pattern.js';
import { steps } from '../../src/topic/automaton/steps.js';
import { found, HUB } from '../topic/support/matching.js';

// A failure prints the seed and the path that reproduce it: fc.assert(…, { seed, path }).

/** The same language twice: for the automata, and for the regular expressions of the platform. */
interface Twin {
  readonly expression: Expression;
  readonly source: string;
}

const { twin } = fc.letrec<{ twin: Twin; leaf: Twin }>((tie) => ({
  leaf: fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 3 }).map((value) => ({
      expression: text(value),
      source: value,
    })),
    fc.constantFrom<Twin>(
      { expression: oneOf(SymbolSet.of('ab')), source: '[ab]' },
      { expression: oneOf(SymbolSet.where((symbol) => symbol !== 0x2f)), source: '[^\\/]' },
      { expression: repeat(oneOf(ANY_SYMBOL), 0), source: '[\\s\\S]*' },
      { expression: START, source: '^' },
      { expression: END, source: '$' },
    ),
  ),
  twin: fc.oneof(
    // One level more, and once in a while the oracle backtracks for seconds.
    { maxDepth: 3 },
    tie('leaf'),
    fc.array(tie('twin'), { maxLength: 4 }).map((twins) => ({
      expression: sequence(...twins.map(({ expression }) => expression)),
      source: twins.map(({ source }) => source).join(''),
    })),
    fc.array(tie('twin'), { minLength: 1, maxLength: 3 }).map((twins) => ({
      expression: choice(...twins.map(({ expression }) => expression)),
      source: `(?:${twins.map(({ source }) => source).join('|')})`,
    })),
    fc
      .record({
        twin: tie('twin'),
        min: fc.nat({ max: 2 }),
        more: fc.option(fc.nat({ max: 2 }), { nil: Infinity }),
      })
      .map(({ twin, min, more }) => ({
        expression: repeat(twin.expression, min, min + more),
        source: `(?:${twin.source}){${min},${more === Infinity ? '' : min + more}}`,
      })),
  ),
}));

const input = fc.string({ unit: fc.constantFrom('a', 'b', '/', 'c'), maxLength: 9 });

describe('automata', () => {
  it('accept what regular expressions accept', () => {
    fc.assert(
      fc.property(
        twin,
        fc.array(input, { minLength: 5, maxLength: 20 }),
        ({ expression, source }, inputs) => {
          let recognizer;
          try {
            recognizer = compileExpression(expression);
          } catch {
            // Over the cap on states.
            return;
          }
          const oracle = new RegExp(`^(?:${source})$`);
          for (const value of inputs)
            expect([value, recognizer.accepts(value)]).toEqual([value, oracle.test(value)]);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('accept what regular expressions accept, when a chain is several words long', () => {
    const letters = (min: number, max: number): fc.Arbitrary<string> =>
      fc.string({ unit: fc.constantFrom('a', 'b'), minLength: min, maxLength: max });
    const chunk = fc.record({
      literal: letters(8, 40),
      between: fc.constantFrom<Twin>(
        { expression: repeat(oneOf(ANY_SYMBOL), 0), source: '[\\s\\S]*' },
        { expression: repeat(oneOf(SymbolSet.where((symbol) => symbol !== 0x2f)), 1), source: '[^\\/]+' },
      ),
      filling: letters(0, 40),
      slash: fc.boolean(),
    });
    const edit = fc.record({ at: fc.nat({ max: 200 }), replaced: fc.nat({ max: 2 }), by: letters(0, 2) });
    fc.assert(
      fc.property(
        fc.array(chunk, { minLength: 2, maxLength: 4 }),
        fc.array(fc.option(edit), { minLength: 3, maxLength: 8 }),
        fc.integer({ min: 1, max: 200 }),
        (chunks, edits, budget) => {
          const recognizer = compileExpression(
            sequence(
              ...chunks.flatMap(({ between, literal }) => [between.expression, text(literal)]),
              text('a'),
            ),
          );
          const oracle = new RegExp(
            `^${chunks.map(({ between, literal }) => between.source + literal).join('')}a$`,
          );
          const whole = chunks
            .map(({ filling, slash, literal }) => filling + (slash ? '/' : '') + literal)
            .join('');
          for (const change of edits) {
            const { at, replaced, by } = change ?? { at: 0, replaced: 0, by: '' };
            const value = `${whole.slice(0, at)}${by}${whole.slice(at + replaced)}a`;
            expect([value, recognizer.accepts(value)]).toEqual([value, oracle.test(value)]);
            const reading = recognizer.read(value);
            let verdict = reading.advance(budget);
            while (verdict === undefined) verdict = reading.advance(budget);
            expect(verdict).toBe(oracle.test(value));
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('answer the same in slices of any size', () => {
    fc.assert(
      fc.property(twin, input, fc.integer({ min: 1, max: 20 }), ({ expression }, value, budget) => {
        let recognizer;
        try {
          recognizer = compileExpression(expression);
        } catch {
          return;
        }
        const reading = recognizer.read(value);
        let verdict = reading.advance(budget);
        while (verdict === undefined) verdict = reading.advance(budget);
        expect(verdict).toBe(recognizer.accepts(value));
      }),
      { numRuns: 1000 },
    );
  });
});

/** Pieces of a path pattern, with what the standard turns them into; names are numbered apart. */
const piece = fc
  .record({
    kind: fc.constantFrom('text', 'name', 'wildcard', 'group', 'braces'),
    value: fc.string({ unit: fc.constantFrom('a', 'b', '/', '-'), minLength: 1, maxLength: 3 }),
    after: fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 2 }),
    group: fc.constantFrom('a|b', '[ab]+', '\\w*', '(?:ab)+', '[^a]', 'a{2,3}', '.', '|a', '\\w+?'),
    modifier: fc.constantFrom('', '', '?', '+', '*'),
  })
  .map((piece) => (piece.kind === 'text' ? { ...piece, modifier: '' } : piece));

type Piece = typeof piece extends fc.Arbitrary<infer P> ? P : never;

interface Built {
  pattern: string;
  source: string;
}

function groupOf(kind: string, group: string, index: number): readonly [pattern: string, source: string] {
  if (kind === 'name') return [`:n${index}`, '[^\\/]+'];
  if (kind === 'wildcard') return ['*', '.*'];
  return kind === 'group' ? [`(${group})`, `(?:${group})`] : ['', ''];
}

/** Writes each piece in braces or behind a letter, so that no character before it is taken for its prefix. */
function build(pieces: readonly Piece[]): Built {
  const built = { pattern: '/', source: '\\/' };
  for (const [index, { kind, value, after, group, modifier }] of pieces.entries()) {
    const escaped = value.replaceAll('/', '\\/');
    if (kind === 'text') {
      built.pattern += value;
      built.source += escaped;
      continue;
    }
    const [inner, source] = groupOf(kind, group, index);
    const tail = kind === 'name' || kind === 'braces' ? '' : after;
    built.pattern += `{${value}${inner}${tail}}${modifier}`;
    built.source += `(?:${escaped}${source}${tail})${modifier}`;
  }
  return built;
}

const path = fc
  .string({ unit: fc.constantFrom('a', 'b', '/', '-'), maxLength: 12 })
  // A path that begins with two slashes would be a host.
  .map((value) => `/${value.replace(/^\/+/, '')}`);

describe('URL Patterns', () => {
  it('match the paths that the regular expressions of the standard match', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 5 }).map(build),
        fc.array(path, { minLength: 5, maxLength: 20 }),
        ({ pattern, source }, paths) => {
          const urlPattern = parseUrlPattern(pattern, HUB);
          // Not the flag `v` of the standard: the V8 of Node 20 gets repeated negated classes wrong under it.
          const oracle = new RegExp(`^${source}$`, 'u');
          for (const value of paths) {
            const verdict = urlPattern.matches(new Topic(value, HUB).url!);
            expect([pattern, value, verdict]).toEqual([pattern, value, oracle.test(value)]);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('never crash, loop or leak on text of any kind', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(...Array.from('abé1:/?#*+(){}[]\\|^$.,-@%&=<>! ~😀')),
          maxLength: 40,
        }),
        (pattern) => {
          for (const type of ['urlpattern', 'template'] as const) {
            let compiled;
            try {
              compiled = compileMatcher({ type, pattern }, HUB);
            } catch (error) {
              expect(error).toMatchObject({ code: 'MATCHER_INVALID', status: 400 });
              continue;
            }
            compiled.matches(new Topic(pattern, HUB));
          }
        },
      ),
      { numRuns: 5000 },
    );
  });
});

describe('templates', () => {
  const UNRESERVED = '[A-Za-z0-9\\-._~,]';
  const X = `(?:${UNRESERVED}|%[0-9A-Fa-f]{2})*`;
  const N = X.replace(',]', ',=]');
  const R = "(?:[A-Za-z0-9\\-._~!#$&'()*+,\\/:;=?@\\[\\]]|%[0-9A-Fa-f]{2})*";
  const PARTS: readonly (readonly [template: string, source: string])[] = [
    ['a', 'a'],
    ['/', '\\/'],
    ['é', 'é'],
    ['{v}', X],
    ['{v,w}', X],
    ['{v*}', N],
    ['{+v}', R],
    ['{#v}', `(?:#${R})?`],
    ['{.v}', `(?:\\.${X})?`],
    ['{/v}', `(?:\\/${X})?`],
    ['{/v,w}', `(?:\\/${X}(?:\\/${X}){0,1})?`],
    ['{/v*}', `(?:\\/${N}(?:\\/${N})*)?`],
    ['{;v}', `(?:;${N})?`],
    ['{?v,w}', `(?:\\?${N}(?:&${N}){0,1})?`],
    ['{?v*}', `(?:\\?${N}(?:&${N})*)?`],
    ['{&v}', `(?:&${N})?`],
  ];

  it('select what their regular expressions select', () => {
    const topic = fc.string({ unit: fc.constantFrom(...Array.from('a1/é,=;?&#.%2F@ "')), maxLength: 8 });
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...PARTS), { minLength: 1, maxLength: 5 }),
        fc.array(topic, { minLength: 5, maxLength: 20 }),
        (parts, topics) => {
          const pattern = parts.map(([template]) => template).join('');
          const oracle = new RegExp(`^${parts.map(([, source]) => source).join('')}$`, 'u');
          const compiled = compileMatcher({ type: 'template', pattern }, HUB);
          for (const value of topics) {
            const verdict = compiled.matches(new Topic(value, HUB));
            expect([pattern, value, verdict]).toEqual([
              pattern,
              value,
              value === pattern || oracle.test(value),
            ]);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('work', () => {
  it('stays under 4 × positions × topic for any pattern', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 40 }).map(build),
        fc.string({ unit: fc.constantFrom('a', 'b', '/'), minLength: 100, maxLength: 1000 }),
        ({ pattern }, value) => {
          let compiled;
          try {
            compiled = compileMatcher({ type: 'urlpattern', pattern }, HUB);
          } catch {
            return;
          }
          const topic = new Topic(`/${value.replace(/^\/+/, '')}`, HUB);
          const before = steps.count;
          compiled.matches(topic);
          const bound = 4 * Math.max(compiled.positions, 8) * topic.value.length;
          expect(steps.count - before).toBeLessThanOrEqual(bound);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('the index', () => {
  const segment = fc.constantFrom('a', 'b', ':x', '*', '{a}?', 'a:x', '(a|b)');
  const matcher: fc.Arbitrary<Matcher> = fc.oneof(
    fc
      .record({
        origin: fc.constantFrom(
          '',
          'https://hub.example.com',
          'https://x.example',
          '*://*',
          'http{s}?://x.example',
        ),
        segments: fc.array(segment, { maxLength: 3 }),
      })
      .map(({ origin, segments }) => ({
        type: 'urlpattern' as const,
        pattern: `${origin}/${segments.map((value, i) => value.replace(':x', `:x${i}`)).join('/')}`,
      })),
    fc
      .array(fc.constantFrom('a', '{x}', '{/x*}', 'https://x.example', 'b{x}'), {
        minLength: 1,
        maxLength: 3,
      })
      .map((segments) => ({ type: 'template' as const, pattern: segments.join('/') })),
    fc.constantFrom<Matcher>(
      { type: 'exact', pattern: '/a' },
      { type: 'exact', pattern: 'https://x.example/a/b' },
      { type: 'all', pattern: '*' },
    ),
  );
  const topic = fc
    .record({
      origin: fc.constantFrom('', 'https://hub.example.com', 'https://x.example', 'http://x.example'),
      segments: fc.array(fc.constantFrom('a', 'b', 'c', 'ab', ''), { minLength: 1, maxLength: 3 }),
    })
    .map(({ origin, segments }) => `${origin}/${segments.join('/')}`);

  it('finds exactly what asking everybody finds, over any sequence of changes', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            { weight: 2, arbitrary: fc.record({ acquire: matcher }) },
            { weight: 1, arbitrary: fc.record({ release: fc.nat() }) },
            { weight: 3, arbitrary: fc.record({ publish: topic }) },
          ),
          { maxLength: 40 },
        ),
        (commands) => {
          const index = new SubscriptionIndex<string>({ base: HUB, maxUnits: 0 });
          const held: IndexEntry<string>[] = [];
          for (const command of commands) {
            if ('acquire' in command) held.push(index.acquire(command.acquire));
            else if ('release' in command) {
              if (held.length > 0) index.release(held.splice(command.release % held.length, 1)[0]!);
            } else {
              const asked = new Topic(command.publish, HUB);
              const expected = new Set(held.filter((entry) => entry.compiled.matches(asked)));
              const actual = found(index, command.publish);
              expect(new Set(actual)).toEqual(expected);
              expect(actual).toHaveLength(expected.size);
            }
          }
        },
      ),
      { numRuns: 1500 },
    );
  });
});

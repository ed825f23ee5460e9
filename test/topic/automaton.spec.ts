import { describe, expect, it } from 'vitest';
import { compileExpression } from '../../src/topic/automaton/compile-expression.js';
import { choice, oneOf, optional, repeat, sequence, text } from '../../src/topic/automaton/expression.js';
import { LazyDfa } from '../../src/topic/automaton/lazy-dfa.js';
import { steps } from '../../src/topic/automaton/steps.js';
import { SymbolClasses } from '../../src/topic/automaton/symbol-classes.js';
import { ANY_SYMBOL, SymbolSet } from '../../src/topic/automaton/symbol-set.js';
import { TableBudget } from '../../src/topic/automaton/table-budget.js';
import { noise } from './support/matching.js';

const ANYTHING = repeat(oneOf(ANY_SYMBOL), 0);
const AB = oneOf(SymbolSet.of('ab'));

/** Texts in which the n-th letter from the end is an `a`: as many table states as there are texts of n letters. */
function nthFromTheEnd(n: number): ReturnType<typeof sequence> {
  return sequence(repeat(AB, 0), text('a'), repeat(AB, n - 1, n - 1));
}

describe('symbol classes', () => {
  it('put together what no set tells apart', () => {
    const classes = SymbolClasses.telling([0x2f], [SymbolSet.of('abc'), SymbolSet.of('bcd')]);
    const classOf = (letter: string): number => classes.of[letter.charCodeAt(0)]!;
    expect(classes.count).toBe(5);
    expect(classOf('b')).toBe(classOf('c'));
    expect(new Set(['a', 'b', 'd', '/', 'x'].map(classOf)).size).toBe(5);
    expect(classOf('x')).toBe(classOf('\xff'));
  });

  it('can tell all 256 symbols apart', () => {
    const all = Array.from({ length: 256 }, (_, symbol) => symbol);
    expect(SymbolClasses.telling(all, []).count).toBe(256);
    expect(new Set(SymbolClasses.telling(all, [SymbolSet.of('a')]).of).size).toBe(256);
  });
});

describe('the chain', () => {
  // The state of a chain is cut into words of 32 places: the seams are where carrying goes wrong.
  it.each([1, 30, 31, 32, 33, 62, 63, 64, 65, 95, 96, 97, 200])('carries over its %d places', (places) => {
    const literal = noise(places, places);
    const chain = compileExpression(sequence(ANYTHING, text(literal), ANYTHING));
    expect(chain.positions).toBe(places);
    expect(chain.accepts(`xx${literal}yy`)).toBe(true);
    expect(chain.accepts(literal)).toBe(true);
    expect(chain.accepts(literal.slice(1))).toBe(false);
    expect(chain.accepts(`${literal.slice(0, -1)}x`)).toBe(false);
    expect(chain.accepts(`${literal.slice(0, -1)}${literal}`)).toBe(true);
  });

  it.each([31, 32, 33, 64, 65])('keeps %d repeating places apart', (places) => {
    const runs = repeat(AB, 1);
    const chain = compileExpression(
      sequence(oneOf(SymbolSet.of('-')), ...Array.from({ length: places - 1 }, () => runs)),
    );
    expect(chain.positions).toBe(places);
    expect(chain.accepts(`-${'a'.repeat(places - 1)}`)).toBe(true);
    expect(chain.accepts(`-${'a'.repeat(places * 3)}`)).toBe(true);
    expect(chain.accepts(`-${'a'.repeat(places - 2)}`)).toBe(false);
    expect(chain.accepts(`-${'a'.repeat(places)}-`)).toBe(false);
  });

  it('forgets the places before a wildcard that was reached', () => {
    const chain = compileExpression(
      sequence(...Array.from({ length: 500 }, () => [ANYTHING, text('a')]).flat(), ANYTHING),
    );
    const before = steps.count;
    expect(chain.accepts('a'.repeat(8000))).toBe(true);
    expect(steps.count - before).toBeLessThan(3 * 8000);
  });
});

describe('the frame of a pattern', () => {
  const framed = compileExpression(sequence(text('aba'), optional(text('x')), text('aba')));

  it.each([
    ['abaaba', true],
    ['abaxaba', true],
    ['ababa', false],
    ['aba', false],
    ['', false],
  ])('does not let its two ends overlap: %s is %s', (input, expected) => {
    expect(framed.accepts(input)).toBe(expected);
  });
});

describe('the lazy table', () => {
  it('answers like the definition, whatever is in it already', () => {
    const dfa = new LazyDfa(nthFromTheEnd(12), new TableBudget(1e9));
    for (let seed = 1; seed < 200; seed++) {
      const input = noise(5 + (seed % 40), seed);
      expect(dfa.accepts(input)).toBe(input.length >= 12 && input.at(-12) === 'a');
    }
  });

  it('never has more than 256 states', () => {
    const dfa = new LazyDfa(nthFromTheEnd(30), new TableBudget(1e9));
    for (let seed = 1; seed < 50; seed++) {
      const input = noise(2000, seed);
      expect(dfa.accepts(input)).toBe(input.at(-30) === 'a');
      expect(dfa.tableSize).toBeLessThanOrEqual(256);
    }
  });

  it('costs one step a symbol once it is filled', () => {
    const dfa = new LazyDfa(
      sequence(repeat(choice(text('ab'), text('ba')), 0), text('c')),
      new TableBudget(1e9),
    );
    const input = `${'ab'.repeat(500)}c`;
    dfa.accepts(input);
    const before = steps.count;
    expect(dfa.accepts(input)).toBe(true);
    expect(steps.count - before).toBe(input.length);
  });
});

describe('the memory that tables share', () => {
  it('is bounded over all patterns together, the oldest giving way first', () => {
    const budget = new TableBudget(200_000);
    const patterns = Array.from({ length: 20 }, (_, i) => new LazyDfa(nthFromTheEnd(20 + i), budget));
    for (const [i, dfa] of patterns.entries()) {
      const input = noise(1000, i + 1);
      expect(dfa.accepts(input)).toBe(input.at(-20 - i) === 'a');
      expect(budget.bytes).toBeLessThanOrEqual(200_000);
    }
    expect(patterns[0]!.tableSize).toBe(0);
    expect(patterns.at(-1)!.tableSize).toBeGreaterThan(0);
  });

  it('may be too small for a single table, which changes no verdict', () => {
    const budget = new TableBudget(1000);
    const dfa = new LazyDfa(nthFromTheEnd(10), budget);
    for (let seed = 1; seed < 50; seed++) {
      const input = noise(300, seed);
      expect(dfa.accepts(input)).toBe(input.at(-10) === 'a');
      expect(budget.bytes).toBeLessThanOrEqual(1000);
    }
  });

  it('can be taken away in the middle of a reading', () => {
    const budget = new TableBudget(1e9);
    const dfa = new LazyDfa(nthFromTheEnd(15), budget);
    const input = noise(3000, 3);
    const reading = dfa.read(input);
    let verdict = reading.advance(100);
    while (verdict === undefined) {
      dfa.forget();
      verdict = reading.advance(100);
    }
    expect(verdict).toBe(input.at(-15) === 'a');
  });
});

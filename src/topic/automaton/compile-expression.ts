import { type Expression, isAnchored, itemsOf, sequence } from './expression.js';
import { LazyDfa } from './lazy-dfa.js';
import { EVERYTHING, Framed, Literal } from './plain-recognizers.js';
import type { Recognizer } from './recognizer.js';
import { type ChainPlace, ShiftAnd } from './shift-and.js';
import { ANY_SYMBOL } from './symbol-set.js';

/**
 * The cheapest recognizer of a language: a comparison for a literal, a bit-parallel chain for literals with `:name`
 * and `*`, an automaton with a lazy table for the rest; fixed text at either end is compared, never run.
 *
 * @throws InvalidPattern when the automaton would have too many states
 */
export function compileExpression(expression: Expression): Recognizer {
  const items = itemsOf(expression);
  if (items.length === 0) return new Literal('');
  const [first, last] = [items[0]!, items[items.length - 1]!];
  if (items.length === 1 && first.kind === 'text') return new Literal(first.text);
  // `^` and `$` mean the ends of the whole text: cutting a frame off would move them.
  if (isAnchored(expression)) return new LazyDfa(expression);
  const prefix = first.kind === 'text' ? first.text : '';
  const suffix = last.kind === 'text' ? last.text : '';
  const inner = compileInner(items.slice(prefix === '' ? 0 : 1, suffix === '' ? undefined : -1));
  return prefix === '' && suffix === '' ? inner : new Framed(prefix, inner, suffix);
}

function compileInner(items: readonly Expression[]): Recognizer {
  if (items.length === 1 && isAnything(items[0]!)) return EVERYTHING;
  return chainOf(items) ?? new LazyDfa(sequence(...items));
}

/** The items as a chain; undefined when one of them is more than a symbol, a run of symbols or `*`. */
function chainOf(items: readonly Expression[]): ShiftAnd | undefined {
  const places: ChainPlace[] = [];
  let opens = false;
  for (const item of items) {
    if (item.kind === 'text') {
      for (let i = 0; i < item.text.length; i++) places.push(place(item.text.charCodeAt(i)));
    } else if (item.kind === 'set') places.push(place(item.set));
    else if (isAnything(item)) {
      const before = places.pop();
      if (before === undefined) opens = true;
      else places.push({ ...before, anything: true });
    } else if (
      item.kind === 'repeat' &&
      item.min === 1 &&
      item.max === Infinity &&
      item.item.kind === 'set'
    ) {
      places.push({ ...place(item.item.set), repeats: true });
    } else return undefined;
  }
  return new ShiftAnd(places, opens);
}

function place(symbols: ChainPlace['symbols']): ChainPlace {
  return { symbols, repeats: false, anything: false };
}

/** Whether it is `*`: any symbols, any number of them. */
function isAnything(item: Expression): boolean {
  return (
    item.kind === 'repeat' &&
    item.min === 0 &&
    item.max === Infinity &&
    item.item.kind === 'set' &&
    item.item.set === ANY_SYMBOL
  );
}

import type { SymbolSet } from './symbol-set.js';

/**
 * A regular language, whatever syntax it was written in: URL Patterns and URI Templates both become this, and only
 * this is compiled to automata.
 */
export type Expression =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'set'; readonly set: SymbolSet }
  | { readonly kind: 'sequence'; readonly items: readonly Expression[] }
  | { readonly kind: 'choice'; readonly items: readonly Expression[] }
  | { readonly kind: 'repeat'; readonly item: Expression; readonly min: number; readonly max: number }
  | { readonly kind: 'start' }
  | { readonly kind: 'end' };

/** The empty text. */
const EMPTY: Expression = { kind: 'sequence', items: [] };
/** Nothing is read, and only before the first symbol (`^`). */
export const START: Expression = { kind: 'start' };
/** Nothing is read, and only after the last symbol (`$`). */
export const END: Expression = { kind: 'end' };

/** Exactly these symbols, one after the other. */
export function text(symbols: string): Expression {
  return symbols === '' ? EMPTY : { kind: 'text', text: symbols };
}

/** One symbol of the set. */
export function oneOf(set: SymbolSet): Expression {
  return { kind: 'set', set };
}

/** One expression after the other; nested sequences are flattened and neighbouring texts joined. */
export function sequence(...parts: readonly Expression[]): Expression {
  const items: Expression[] = [];
  let pending = '';
  const flush = (): void => {
    if (pending !== '') items.push({ kind: 'text', text: pending });
    pending = '';
  };
  for (const part of parts) {
    for (const item of part.kind === 'sequence' ? part.items : [part]) {
      if (item.kind === 'text') pending += item.text;
      else {
        flush();
        items.push(item);
      }
    }
  }
  flush();
  return items.length === 1 ? items[0]! : { kind: 'sequence', items };
}

/** Any one of the expressions. */
export function choice(...items: readonly Expression[]): Expression {
  return items.length === 1 ? items[0]! : { kind: 'choice', items };
}

/**
 * The expression `min` to `max` times. Repeating nothing is nothing: `(?:){9}` nested a few times would otherwise
 * be unrolled billions of times without ever reaching the cap on states.
 */
export function repeat(item: Expression, min: number, max = Infinity): Expression {
  if (max === 0 || (item.kind === 'sequence' && item.items.length === 0)) return EMPTY;
  if (min === 1 && max === 1) return item;
  return { kind: 'repeat', item, min, max };
}

/** The expression or nothing. */
export function optional(item: Expression): Expression {
  return repeat(item, 0, 1);
}

/** Its top-level items, in order. */
export function itemsOf(expression: Expression): readonly Expression[] {
  return expression.kind === 'sequence' ? expression.items : [expression];
}

/** Whether `^` or `$` occurs in it. */
export function isAnchored(expression: Expression): boolean {
  switch (expression.kind) {
    case 'start':
    case 'end':
      return true;
    case 'sequence':
    case 'choice':
      return expression.items.some(isAnchored);
    case 'repeat':
      return isAnchored(expression.item);
    default:
      return false;
  }
}

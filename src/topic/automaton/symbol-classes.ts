import type { SymbolSet } from './symbol-set.js';

/**
 * Symbols that no set of one pattern tells apart, put together: the tables of an automaton have a column per class
 * rather than 256, which is a dozen for an ordinary pattern.
 */
export class SymbolClasses {
  private constructor(
    /** The class of each symbol. */
    readonly of: Uint8Array,
    /** One symbol of each class, in the order of the classes. */
    readonly examples: readonly number[],
  ) {}

  get count(): number {
    return this.examples.length;
  }

  /** The coarsest classes that tell apart each symbol of `singles` and each set of `sets`. */
  static telling(singles: Iterable<number>, sets: Iterable<SymbolSet>): SymbolClasses {
    const of = new Uint8Array(256);
    // Class 0 is for the symbols named nowhere; should all 256 be named, nobody is left in it and the last of them
    // has no number, hence the symbol that comes last stays in class 0, alone.
    let count = 1;
    for (const symbol of singles) if (of[symbol] === 0 && count < 256) of[symbol] = count++;
    const seen = new Set<string>();
    for (const set of sets) {
      if (seen.has(set.key)) continue;
      seen.add(set.key);
      count = split(of, set);
    }
    return new SymbolClasses(of, examplesOf(of));
  }
}

/** Renumbers the classes so that each lies wholly inside or wholly outside the set. */
function split(of: Uint8Array, set: SymbolSet): number {
  const numbers = new Int16Array(512).fill(-1);
  let count = 0;
  for (let symbol = 0; symbol < 256; symbol++) {
    const key = of[symbol]! * 2 + (set.has(symbol) ? 1 : 0);
    if (numbers[key] === -1) numbers[key] = count++;
    of[symbol] = numbers[key]!;
  }
  return count;
}

function examplesOf(of: Uint8Array): number[] {
  const examples: number[] = [];
  for (let symbol = 0; symbol < 256; symbol++) examples[of[symbol]!] ??= symbol;
  return examples;
}

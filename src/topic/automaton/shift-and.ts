import { decided, type Reading, type Recognizer } from './recognizer.js';
import { steps } from './steps.js';
import { SymbolClasses } from './symbol-classes.js';
import { SymbolSet } from './symbol-set.js';

/** One place of a chain: a symbol to read, perhaps again and again, perhaps followed by anything at all. */
export interface ChainPlace {
  readonly symbols: SymbolSet | number;
  /** Whether further symbols of the same set stay here (`[^/]+`). */
  readonly repeats: boolean;
  /** Whether any symbols whatever stay here (a `*` follows). */
  readonly anything: boolean;
}

/**
 * A chain of places matched bit-parallel: bit p of the state is set when the text read so far fits the first p
 * places. One symbol moves all bits at once,
 *
 *     state' = ((state << 1) & enter[symbol]) | (state & stay[symbol])
 *
 * so that a topic of n symbols costs n × ⌈places / 32⌉ steps however often the places could have been combined:
 * `*a*a*a*a*b` is minutes of work to a backtracking matcher.
 */
export class ShiftAnd implements Recognizer {
  readonly positions: number;
  private readonly classOf: Uint8Array;
  private readonly words: number;
  private readonly enter: Int32Array;
  private readonly stay: Int32Array;
  /** The bits of the places where anything stays. */
  private readonly anything: Int32Array;

  /** @param opens whether the chain begins with `*` */
  constructor(places: readonly ChainPlace[], opens: boolean) {
    this.positions = places.length;
    const sets = new Set<SymbolSet>();
    const singles = new Set<number>();
    for (const { symbols } of places) {
      if (symbols instanceof SymbolSet) sets.add(symbols);
      else singles.add(symbols);
    }
    const classes = SymbolClasses.telling(singles, sets);
    this.classOf = classes.of;
    this.words = (places.length >> 5) + 1;
    this.enter = new Int32Array(classes.count * this.words);
    this.stay = new Int32Array(classes.count * this.words);
    this.anything = new Int32Array(this.words);
    if (opens) this.keep(0, classes.count);
    places.forEach((place, index) => this.place(index + 1, place, classes));
  }

  private place(bit: number, { symbols, repeats, anything }: ChainPlace, classes: SymbolClasses): void {
    const word = bit >> 5;
    const mask = 1 << (bit & 31);
    const allow = (row: number): void => {
      this.enter[row * this.words + word]! |= mask;
      if (repeats) this.stay[row * this.words + word]! |= mask;
    };
    if (symbols instanceof SymbolSet) {
      classes.examples.forEach((example, row) => {
        if (symbols.has(example)) allow(row);
      });
    } else allow(classes.of[symbols]!);
    if (anything) this.keep(bit, classes.count);
  }

  private keep(bit: number, rows: number): void {
    const word = bit >> 5;
    for (let row = 0; row < rows; row++) this.stay[row * this.words + word]! |= 1 << (bit & 31);
    this.anything[word]! |= 1 << (bit & 31);
  }

  accepts(text: string): boolean {
    if (text.length < this.positions) return false;
    return this.words === 1 ? this.acceptsNarrow(text) : this.read(text).advance(Infinity) === true;
  }

  read(text: string): Reading {
    if (text.length < this.positions) return decided(false);
    if (this.words === 1) return decided(this.acceptsNarrow(text));
    return new WideReading(text, this.positions, this.classOf, this.enter, this.stay, this.anything);
  }

  /** The case of ordinary patterns: the state is one number. */
  private acceptsNarrow(text: string): boolean {
    const { classOf, enter, stay } = this;
    let state = 1;
    let at = 0;
    for (; at < text.length && state !== 0; at++) {
      const row = classOf[text.charCodeAt(at)]!;
      state = ((state << 1) & enter[row]!) | (state & stay[row]!);
    }
    steps.count += at + 1;
    return (state & (1 << this.positions)) !== 0;
  }
}

/** A state of several words, of which only those between the lowest and the highest live bit are touched. */
class WideReading implements Reading {
  private readonly state: Int32Array;
  private low = 0;
  private high = 0;
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly positions: number,
    private readonly classOf: Uint8Array,
    private readonly enter: Int32Array,
    private readonly stay: Int32Array,
    private readonly anything: Int32Array,
  ) {
    this.state = new Int32Array(anything.length);
    this.state[0] = 1;
  }

  advance(budget: number): boolean | undefined {
    const { text, classOf, state } = this;
    let spent = 0;
    while (this.at < text.length) {
      if (spent >= budget) {
        steps.count += spent;
        return undefined;
      }
      spent += this.high - this.low + 2;
      this.move(classOf[text.charCodeAt(this.at++)]! * state.length);
      if (this.high < this.low) {
        steps.count += spent;
        return false;
      }
    }
    steps.count += spent;
    return (state[this.positions >> 5]! & (1 << (this.positions & 31))) !== 0;
  }

  private move(row: number): void {
    const { state, enter, stay, anything } = this;
    const top = Math.min(this.high + 1, state.length - 1);
    let high = -1;
    let low = top + 1;
    // Downwards, so that the bit carried over from the word below is still the old one.
    for (let word = top; word >= this.low; word--) {
      const old = state[word]!;
      const carried = word > this.low ? state[word - 1]! >>> 31 : 0;
      const now = (((old << 1) | carried) & enter[row + word]!) | (old & stay[row + word]!);
      state[word] = now;
      if (now !== 0) {
        low = word;
        if (high < 0) high = word;
      }
      // A place where anything stays is never left again, and every way from an earlier place leads through it: the
      // words below have nothing to add any more, so that a chain of `*` keeps a window of a word or two.
      if ((now & anything[word]!) !== 0) break;
    }
    this.high = high;
    this.low = low;
  }
}

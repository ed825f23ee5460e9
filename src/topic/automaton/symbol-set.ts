const WORDS = 8;

/**
 * A set of symbols. A symbol is one byte (0–255): the components of a parsed URL are ASCII, and everything else is
 * matched on its UTF-8 bytes, so that no pattern ever needs a larger alphabet.
 */
export class SymbolSet {
  private constructor(private readonly words: Int32Array) {}

  /** The symbols for which `holds` answers true. */
  static where(holds: (symbol: number) => boolean): SymbolSet {
    const words = new Int32Array(WORDS);
    for (let symbol = 0; symbol < 256; symbol++) {
      if (holds(symbol)) words[symbol >> 5]! |= 1 << (symbol & 31);
    }
    return new SymbolSet(words);
  }

  /** The symbols of a byte string. */
  static of(text: string): SymbolSet {
    const words = new Int32Array(WORDS);
    for (let i = 0; i < text.length; i++) {
      const symbol = text.charCodeAt(i);
      words[symbol >> 5]! |= 1 << (symbol & 31);
    }
    return new SymbolSet(words);
  }

  has(symbol: number): boolean {
    return (this.words[symbol >> 5]! & (1 << (symbol & 31))) !== 0;
  }

  /** Equal for equal sets, and only for them. */
  get key(): string {
    return this.words.join();
  }
}

/** Every symbol. */
export const ANY_SYMBOL = SymbolSet.where(() => true);

/** One text on its way through an automaton, which can stop and go on. */
export interface Reading {
  /**
   * Reads on until the verdict is known or about `budget` steps are spent.
   * @returns the verdict; undefined while there is more to read
   */
  advance(budget: number): boolean | undefined;
}

/** Tells whether a whole text belongs to a language, in time linear in the text. */
export interface Recognizer {
  /** Automaton positions it holds: what it costs in memory, and at most in steps per symbol. */
  readonly positions: number;
  /** The only text it accepts, where there is only one. */
  readonly literal?: string;
  /** The verdict on a byte string. */
  accepts(text: string): boolean;
  /** The same verdict, reached in slices. */
  read(text: string): Reading;
}

/** The verdict on a text, with a yield after about `budget` steps each. */
export function* readInSlices(
  recognizer: Recognizer,
  text: string,
  budget: number,
): Generator<void, boolean, void> {
  const reading = recognizer.read(text);
  let verdict = reading.advance(budget);
  while (verdict === undefined) {
    yield;
    verdict = reading.advance(budget);
  }
  return verdict;
}

/** A reading whose verdict took no time worth slicing. */
export function decided(verdict: boolean): Reading {
  return { advance: () => verdict };
}

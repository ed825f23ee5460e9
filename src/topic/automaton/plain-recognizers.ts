import { decided, type Reading, type Recognizer } from './recognizer.js';
import { steps } from './steps.js';

/** Accepts every text: the recognizer of `*`. */
export const EVERYTHING: Recognizer = {
  positions: 0,
  accepts: () => true,
  read: () => decided(true),
};

/** Accepts one text. */
export class Literal implements Recognizer {
  readonly positions = 0;

  constructor(readonly literal: string) {}

  accepts(text: string): boolean {
    steps.count += 1;
    return text === this.literal;
  }

  read(text: string): Reading {
    return decided(this.accepts(text));
  }
}

/**
 * A recognizer between two fixed texts. Most patterns begin with a long literal, and most topics fail on it: the
 * comparison costs nothing and the automaton inside stays small.
 */
export class Framed implements Recognizer {
  readonly positions: number;

  constructor(
    private readonly prefix: string,
    private readonly inner: Recognizer,
    private readonly suffix: string,
  ) {
    this.positions = inner.positions;
  }

  accepts(text: string): boolean {
    const inside = this.inside(text);
    return inside !== undefined && this.inner.accepts(inside);
  }

  read(text: string): Reading {
    const inside = this.inside(text);
    return inside === undefined ? decided(false) : this.inner.read(inside);
  }

  private inside(text: string): string | undefined {
    steps.count += 1;
    if (text.length < this.prefix.length + this.suffix.length) return undefined;
    if (!text.startsWith(this.prefix) || !text.endsWith(this.suffix)) return undefined;
    return text.slice(this.prefix.length, text.length - this.suffix.length);
  }
}

/** A source of random choices that one number determines. */
export interface Random {
  readonly seed: number;
  /** A whole number from 0 up to, not including, `end`. */
  readonly below: (end: number) => number;
  readonly pick: <T>(from: readonly T[]) => T;
  /** True once in so many times. */
  readonly once: (inTimes: number) => boolean;
  /** Some of these, at least `min` and at most `max`, repetitions among them. */
  readonly some: <T>(from: readonly T[], min: number, max: number) => T[];
}

/** The seed of this run: `SEED` repeats an earlier one. */
export function seedOfRun(): number {
  return Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
}

/** Marsaglia's xorshift with 32 bits. */
export function random(seed: number): Random {
  // Zero would stay zero.
  let state = (seed ^ 0x9e37_79b9) | 0 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const below = (end: number) => Math.floor((next() / 2 ** 32) * end);
  const pick = <T>(from: readonly T[]) => from[below(from.length)]!;
  return {
    seed,
    below,
    pick,
    once: (inTimes) => below(inTimes) === 0,
    some: (from, min, max) => Array.from({ length: min + below(max - min + 1) }, () => pick(from)),
  };
}

/** Random choices that one number determines. */
export interface Choices {
  readonly seed: number;
  /** A whole number from 0 up to, not including, `end`. */
  below(end: number): number;
}

/** Marsaglia's xorshift with 32 bits. */
export function choices(seed: number): Choices {
  // Zero would stay zero.
  let state = (seed ^ 0x9e37_79b9) | 0 || 1;
  return {
    seed,
    below(end) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return Math.floor(((state >>> 0) / 2 ** 32) * end);
    },
  };
}

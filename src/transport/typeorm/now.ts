/**
 * Milliseconds since 1970: the wall clock as it was when the process started, and what has passed since. It is not set
 * back or forth while the process lives.
 */
export function now(): number {
  return Math.round(performance.timeOrigin + performance.now());
}

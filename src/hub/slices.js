/** Longest stretch of work before the event loop gets its turn (measured: 13 ms worst delay at 10,000 streams). */
const SLICE_MS = 8;
/**
 * Runs work that yields wherever it may be interrupted, in slices: a flush to ten thousand streams must not keep a
 * new request waiting for all of it.
 */
export async function runInSlices(work) {
    let sliceEnd = performance.now() + SLICE_MS;
    while (!work.next().done) {
        if (performance.now() < sliceEnd)
            continue;
        await new Promise((resume) => setImmediate(resume));
        sliceEnd = performance.now() + SLICE_MS;
    }
}
//# sourceMappingURL=slices.js.map
/** Does something to each, the first now and the others evenly over a time. */
export async function spread<T>(all: readonly T[], ms: number, work: (each: T) => void): Promise<void> {
  const started = performance.now();
  for (const [index, each] of all.entries()) {
    const wait = started + (ms * index) / all.length - performance.now();
    if (wait > 1) await new Promise((resume) => setTimeout(resume, wait));
    work(each);
  }
}

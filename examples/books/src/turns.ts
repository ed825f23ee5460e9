/** Runs tasks one after the other. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  take<T>(task: () => Promise<T>): Promise<T> {
    const result = this.last.then(task);
    // The next one's turn comes however this one ends.
    this.last = result.catch(() => undefined);
    return result;
  }
}

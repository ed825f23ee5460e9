/** Wakes who waits; rung while nobody waits, it is heard by the next. */
export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Resolves when it has been rung since it was last heard, or after some milliseconds. */
  async heard(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, ms).unref();
      });
    }
    clearTimeout(timer);
    this.#rung = false;
    this.#wake = undefined;
  }
}

/** Nothing in a test takes this long unless it hangs: a guard, never a measurement. Milliseconds. */
export const HANG_GUARD_MS = 60_000;

// Taken before a test may put a clock of its own in place: the guard is for real time.
const { setTimeout, clearTimeout } = globalThis;

/** Rejects a promise that hangs, saying what was awaited. */
export async function unhung<T>(promise: Promise<T>, awaited: string | (() => string)): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const guard = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`Hangs: waited for ${typeof awaited === 'string' ? awaited : awaited()}`));
    }, HANG_GUARD_MS);
  });
  try {
    return await Promise.race([promise, guard]);
  } finally {
    clearTimeout(timer);
  }
}

/** Bytes as they arrive, and a way to await them by event. */
export class ByteLog {
  /** Grows by doubling, so that tens of megabytes in small chunks cost what they weigh. */
  private buffer = Buffer.alloc(4096);
  private length = 0;
  private readonly listeners = new Set<() => void>();
  private over: 'end' | 'cut' | undefined;

  add(chunk: Buffer): void {
    const needed = this.length + chunk.length;
    if (needed > this.buffer.length) {
      const larger = Buffer.alloc(Math.max(needed, this.buffer.length * 2));
      this.bytes.copy(larger);
      this.buffer = larger;
    }
    chunk.copy(this.buffer, this.length);
    this.length = needed;
    this.tell();
  }

  /** `end`: the other side said so (a last chunk, a FIN); `cut`: the connection was lost. The first one counts. */
  finish(how: 'end' | 'cut'): void {
    this.over ??= how;
    this.tell();
  }

  get bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  get text(): string {
    return this.bytes.toString('utf8');
  }

  /** Resolves with all the text so far once it fulfils the condition; rejects if it ends or hangs before. */
  async waitFor(wanted: string | ((text: string) => boolean)): Promise<string> {
    const fulfilled = typeof wanted === 'string' ? this.finder(wanted) : () => wanted(this.text);
    const what = () => `${String(wanted)}, got ${JSON.stringify(this.text.slice(-2000))}`;
    await unhung(
      new Promise<void>((resolve, reject) => {
        const look = () => {
          if (fulfilled()) resolve();
          else if (this.over) reject(new Error(`It is over (${this.over}) without ${what()}`));
          else return;
          this.listeners.delete(look);
        };
        this.listeners.add(look);
        look();
      }),
      what,
    );
    return this.text;
  }

  /** Resolves when nothing comes any more, with how it ended. */
  async ended(): Promise<'end' | 'cut'> {
    return unhung(
      new Promise<'end' | 'cut'>((resolve) => {
        const look = () => {
          if (!this.over) return;
          this.listeners.delete(look);
          resolve(this.over);
        };
        this.listeners.add(look);
        look();
      }),
      () => `the end, got ${JSON.stringify(this.text.slice(-2000))}`,
    );
  }

  /** Looks on from where it has looked before. */
  private finder(text: string): () => boolean {
    const needle = Buffer.from(text);
    let looked = 0;
    return () => {
      if (this.bytes.includes(needle, looked)) return true;
      looked = Math.max(0, this.length - needle.length + 1);
      return false;
    };
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

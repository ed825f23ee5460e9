import { EventSource } from 'eventsource';
import { unhung } from '../../support/byte-log.js';

/** A real EventSource that remembers what it heard. */
export class Follower {
  readonly heard: unknown[] = [];
  private readonly source: EventSource;
  private readonly waiting = new Set<() => void>();

  private constructor(url: string) {
    this.source = new EventSource(url);
    this.source.addEventListener('message', ({ data }) => {
      this.heard.push(JSON.parse(String(data)));
      for (const look of this.waiting) look();
    });
  }

  /** Resolves when the stream is open. */
  static async of(url: string): Promise<Follower> {
    const follower = new Follower(url);
    const opened = new Promise<void>((resolve, reject) => {
      follower.source.addEventListener('open', () => resolve(), { once: true });
      follower.source.addEventListener('error', (event) => {
        // The client gives up after any answer but 200, and tries again after all else.
        if (follower.source.readyState === EventSource.CLOSED) reject(new Error(event.message));
      });
    });
    await unhung(opened, `the stream ${url}`);
    return follower;
  }

  /** Resolves with everything heard so far, once something is like this. */
  async hears(wanted: Record<string, unknown>): Promise<unknown[]> {
    const is = (one: unknown) =>
      Object.entries(wanted).every(([name, value]) => (one as Record<string, unknown>)[name] === value);
    await unhung(
      new Promise<void>((resolve) => {
        const look = () => {
          if (!this.heard.some(is)) return;
          this.waiting.delete(look);
          resolve();
        };
        this.waiting.add(look);
        look();
      }),
      () => `${JSON.stringify(wanted)}, heard ${JSON.stringify(this.heard)}`,
    );
    return this.heard;
  }

  close(): void {
    this.source.close();
  }
}

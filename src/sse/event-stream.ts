import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Sink } from './sink.js';
import type { Frame } from './frame.js';

export type StreamRequest = IncomingMessage | Http2ServerRequest;
export type StreamResponse = ServerResponse | Http2ServerResponse;

/** What a reader gets to take the rest after a planned end. Milliseconds. */
const END_GRACE_MS = 5_000;

/** One open stream: frames in, bytes out. How they leave is the subclass's. */
export abstract class EventStream implements Sink {
  private over = false;
  private wake: (() => void) | undefined;

  constructor(response: StreamResponse) {
    response.once('close', () => {
      this.over = true;
      this.wake?.();
    });
  }

  abstract queuedBytes(): number;
  abstract progress(): number;
  protected abstract write(frame: Frame): void;
  protected abstract onceDrained(listener: () => void): void;
  protected abstract finish(): void;
  protected abstract cut(): void;

  send(frame: Frame): void {
    if (!this.over) this.write(frame);
  }

  drained(): Promise<void> {
    if (this.over || this.queuedBytes() === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.wake = resolve;
      this.onceDrained(resolve);
    });
  }

  end(): void {
    if (this.over) return;
    this.over = true;
    this.finish();
    // A reader that stalls would otherwise hold the connection, and a shutdown, for ever.
    setTimeout(() => this.cut(), END_GRACE_MS).unref();
  }

  destroy(): void {
    this.over = true;
    this.cut();
    this.wake?.();
  }
}

import type { ServerResponse } from 'node:http';
import { EventStream, type StreamResponse } from './event-stream.js';
import type { Frame } from './frame.js';

/**
 * A stream written through its response: HTTP/2, which has no socket to write to, and responses that something
 * encodes on their way (`compression()` in spite of `no-transform`), which must see every byte.
 */
export class ResponseStream extends EventStream {
  // The two kinds of response share what is used here, but not a type whose overloads could be called.
  private readonly response: ServerResponse & { flush?: () => void };

  constructor(response: StreamResponse) {
    super(response);
    this.response = response as ServerResponse;
  }

  queuedBytes(): number {
    return this.response.writableLength;
  }

  progress(): number {
    return -this.response.writableLength;
  }

  protected write(frame: Frame): void {
    this.response.write(frame.plain);
    this.response.flush?.();
  }

  protected onceDrained(listener: () => void): void {
    if (this.response.writableNeedDrain) this.response.once('drain', listener);
    else listener();
  }

  protected finish(): void {
    this.response.end();
  }

  protected cut(): void {
    this.response.destroy();
  }
}

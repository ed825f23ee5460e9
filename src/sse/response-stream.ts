import type { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { EventStream, type StreamResponse } from './event-stream.js';
import type { Frame } from './frame.js';

/**
 * A stream written through its response: HTTP/2, which has no socket to write to, and responses that something
 * encodes on their way (`compression()` in spite of `no-transform`), which must see every byte.
 */
export class ResponseStream extends EventStream {
  // The two kinds of response share what is used here, but not a type whose overloads could be called.
  private readonly response: ServerResponse & { flush?: () => void };
  /** What knows how full it is: of HTTP/2 the stream, whose response does not tell; else the response. */
  private readonly writable: Writable;
  private given = 0;

  constructor(response: StreamResponse) {
    super(response);
    this.response = response as ServerResponse;
    this.writable = 'stream' in response ? response.stream : this.response;
  }

  queuedBytes(): number {
    return this.writable.writableLength;
  }

  /** What was given to it and is waiting no more; encoded bytes do not compare, but they move likewise. */
  progress(): number {
    return this.given - this.writable.writableLength;
  }

  protected write(frame: Frame): void {
    this.given += frame.plain.length;
    this.response.write(frame.plain);
    this.response.flush?.();
  }

  protected onceDrained(listener: () => void): void {
    if (this.writable.writableNeedDrain) this.response.once('drain', listener);
    else listener();
  }

  protected finish(): void {
    this.response.end();
  }

  protected cut(): void {
    this.response.destroy();
  }
}

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { EventStream } from './event-stream.js';
import type { Frame } from './frame.js';

const LAST_CHUNK = '0\r\n\r\n';

/**
 * An HTTP/1 stream written on its socket, past the response: a half to a third of the CPU of `response.write`
 * (measured under both adapters). Right only after the response's own head has been written.
 */
export class SocketStream extends EventStream {
  private readonly socket: Socket;
  /** An HTTP/1.0 response is not chunked: its body ends with the connection, and chunk sizes would be part of it. */
  private readonly framed: boolean;

  constructor(response: ServerResponse) {
    super(response);
    this.socket = response.socket!;
    this.framed = response.chunkedEncoding;
  }

  queuedBytes(): number {
    return this.socket.writableLength;
  }

  /**
   * What the kernel has taken: whole writes by the socket's own count, the part of a large one by its handle's, which
   * `net.Socket` itself reads to tell a slow write from a dead one.
   */
  progress(): number {
    const { _handle: handle } = this.socket as Socket & { _handle?: { writeQueueSize?: number } | null };
    return this.socket.bytesWritten - this.socket.writableLength - (handle?.writeQueueSize ?? 0);
  }

  protected write(frame: Frame): void {
    this.socket.write(this.framed ? frame.chunk : frame.plain);
  }

  protected onceDrained(listener: () => void): void {
    if (this.socket.writableNeedDrain) this.socket.once('drain', listener);
    else listener();
  }

  protected finish(): void {
    if (this.framed) this.socket.write(LAST_CHUNK);
    // Not left to keep-alive: the response itself never ends, and a closing server would wait for its socket.
    this.socket.destroySoon();
  }

  protected cut(): void {
    this.socket.destroy();
  }
}

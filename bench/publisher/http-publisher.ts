import { connect, type Socket } from 'node:net';
import type { LoadUpdate } from '../wire/load.js';

export interface PublisherTarget {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly token: string;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** One publisher: publications as forms on a connection that is kept; those of one turn leave in one packet. */
export class HttpPublisher {
  private received = '';
  private readonly waiting: Waiting[] = [];
  private readonly head: string;

  private constructor(
    { host, port, path, token }: PublisherTarget,
    private readonly socket: Socket,
  ) {
    this.head = [
      `POST ${path} HTTP/1.1`,
      `Host: ${host}:${port}`,
      `Authorization: Bearer ${token}`,
      'Content-Type: application/x-www-form-urlencoded',
      'Content-Length: ',
    ].join('\r\n');
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.receive(bytes.toString('latin1')));
    socket.once('close', () => {
      const gone = new Error('The connection of a publisher was closed');
      for (const { reject } of this.waiting) reject(gone);
    });
    socket.on('error', () => undefined);
  }

  static connect(target: PublisherTarget): Promise<HttpPublisher> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: target.host, port: target.port });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new HttpPublisher(target, socket)));
    });
  }

  /** Resolves when the publication is answered. @throws Error where it is refused */
  publish(update: LoadUpdate): Promise<void> {
    const fields = [`topic=${encodeURIComponent(update.topic)}`, `data=${encodeURIComponent(update.data)}`];
    if (update.private) fields.push('private=on');
    if (update.id !== undefined) fields.push(`id=${encodeURIComponent(update.id)}`);
    const body = fields.join('&');
    if (this.socket.writableCorked === 0) {
      this.socket.cork();
      process.nextTick(() => this.socket.uncork());
    }
    this.socket.write(`${this.head}${body.length}\r\n\r\n${body}`);
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(text: string): void {
    this.received += text;
    while (this.takeAnswer());
  }

  /** @returns whether there was a whole one */
  private takeAnswer(): boolean {
    const start = this.received.indexOf('\r\n\r\n') + 4;
    if (start < 4) return false;
    const head = this.received.slice(0, start);
    const length = /^content-length: *(\d+)/im.exec(head)?.[1];
    const last = this.received.indexOf('0\r\n\r\n', start);
    const end = length !== undefined ? start + Number(length) : last === -1 ? Infinity : last + 5;
    if (this.received.length < end) return false;
    const body = this.received.slice(start, end);
    this.received = this.received.slice(end);
    const { resolve, reject } = this.waiting.shift()!;
    if (head.startsWith('HTTP/1.1 2')) resolve();
    else reject(new Error(`A publication was answered ${head.split('\r\n', 1)[0]}: ${body.slice(0, 200)}`));
    return true;
  }
}

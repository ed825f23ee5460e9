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

/** One publisher: publications as forms on a connection that is kept, the next when the last was answered. */
export class HttpPublisher {
  private received = '';
  private waiting: Waiting | undefined;
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
    socket.once('close', () => this.waiting?.reject(new Error('The connection of a publisher was closed')));
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
    this.socket.write(`${this.head}${body.length}\r\n\r\n${body}`);
    return new Promise((resolve, reject) => (this.waiting = { resolve, reject }));
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(text: string): void {
    this.received += text;
    const end = this.received.indexOf('\r\n\r\n');
    if (end === -1) return;
    const head = this.received.slice(0, end);
    const length = /^content-length: *(\d+)/im.exec(head)?.[1];
    const body = this.received.slice(end + 4);
    const isWhole = length === undefined ? body.endsWith('0\r\n\r\n') : body.length >= Number(length);
    if (!isWhole) return;
    this.received = '';
    const { resolve, reject } = this.waiting!;
    this.waiting = undefined;
    if (head.startsWith('HTTP/1.1 2')) resolve();
    else reject(new Error(`A publication was answered ${head.split('\r\n', 1)[0]}: ${body.slice(0, 200)}`));
  }
}

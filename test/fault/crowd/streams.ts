import { connect, type Socket } from 'node:net';
import { unhung } from '../../support/byte-log.js';
import { rawRequest } from '../../support/raw-connection.js';

export interface StreamSettings {
  readonly topic: string;
  readonly lastEventId?: string | undefined;
  readonly token?: string;
}

/** A client among thousands: a socket, and the ids it has heard. */
export class Stream {
  readonly ids: string[] = [];
  gaps = 0;
  /** Signs of life that came by themselves. */
  beats = 0;
  /** It was told that something is missing. */
  readonly gap: Promise<void>;
  private tellGap!: () => void;
  /** The head and the first bytes of the body are there. */
  readonly live: Promise<void>;
  readonly ended: Promise<void>;
  private readonly socket: Socket;
  private rest = '';
  private head: string | undefined;
  private watchers: (() => void)[] = [];
  private over = false;

  constructor(port: number, { topic, lastEventId, token }: StreamSettings) {
    this.gap = new Promise((resolve) => (this.tellGap = resolve));
    this.socket = connect({ port, host: '127.0.0.1' });
    // HTTP/1.0, so that what comes is the stream itself.
    const line = `GET /.well-known/mercure?${new URLSearchParams({ topic }).toString()} HTTP/1.0`;
    this.socket.write(
      rawRequest(line, {
        ...(lastEventId !== undefined && { 'Last-Event-ID': lastEventId }),
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      }),
    );
    this.socket.setEncoding('utf8');
    this.socket.on('error', () => undefined);
    this.live = new Promise((resolve, reject) => {
      this.socket.on('data', (text: string) => {
        this.feed(text);
        if (this.head === undefined) return;
        if (this.head.startsWith('HTTP/1.1 200 ')) resolve();
        else reject(new Error(this.head));
      });
      this.socket.once('close', () => reject(new Error('It was closed before it was live')));
    });
    this.live.catch(() => undefined);
    this.ended = new Promise((resolve) => {
      this.socket.once('close', () => {
        this.over = true;
        this.tell();
        resolve();
      });
    });
  }

  /** Resolves when an id was heard; rejects where the stream ends without. */
  async hears(id: string): Promise<void> {
    const heard = async (): Promise<void> => {
      while (this.ids.at(-1) !== id) {
        if (this.over) throw new Error(`It is over, and the last it heard is ${this.ids.at(-1)}`);
        await new Promise<void>((resolve) => this.watchers.push(resolve));
      }
    };
    await unhung(heard(), () => `the id ${id}; the last is ${this.ids.at(-1)}`);
  }

  /** As the head says: what was asked for is not kept. */
  get beginsAtEarliest(): boolean {
    return /last-event-id: earliest$/im.test(this.head ?? '');
  }

  pause(): void {
    this.socket.pause();
  }

  /** Of what waits while it is paused. */
  takeSome(bytes: number): void {
    this.socket.read(bytes);
  }

  resume(): void {
    this.socket.resume();
  }

  /** Goes away, as a process that was killed does. */
  drop(): void {
    this.socket.resetAndDestroy();
  }

  private feed(text: string): void {
    this.rest += text;
    if (text.startsWith(':\n')) this.beats++;
    if (this.head === undefined) {
      const end = this.rest.indexOf('\r\n\r\n');
      if (end === -1 || this.rest.length === end + 4) return;
      this.head = this.rest.slice(0, end);
      this.rest = this.rest.slice(end + 4);
    }
    const end = this.rest.lastIndexOf('\n\n') + 2;
    if (end === 1) return;
    const whole = this.rest.slice(0, end);
    this.rest = this.rest.slice(end);
    for (const block of whole.split('\n\n')) this.take(block);
    this.tell();
  }

  private take(block: string): void {
    // A heartbeat moves the cursor and is no event.
    if (!block.includes('data: ')) return;
    if (/^event: mercure$/m.test(block)) {
      this.gaps++;
      this.tellGap();
    } else this.ids.push(/^id: (.*)$/m.exec(block)![1]!);
  }

  private tell(): void {
    for (const watcher of this.watchers.splice(0)) watcher();
  }
}

/** All at once; resolves when the last is live. */
export async function openAll(
  count: number,
  settings: (index: number) => StreamSettings & { readonly port: number },
): Promise<Stream[]> {
  const streams = Array.from({ length: count }, (_, index) => {
    const { port, ...stream } = settings(index);
    return new Stream(port, stream);
  });
  const live = Promise.all(streams.map((stream) => stream.live));
  await unhung(live, `${count} streams`);
  return streams;
}

/** Resolves when nobody is left. */
export async function dropAll(streams: readonly Stream[]): Promise<void> {
  for (const stream of streams) stream.drop();
  await Promise.all(streams.map((stream) => stream.ended));
}

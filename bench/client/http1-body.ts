const CR = 13;
const LF = 10;

export interface BodyEvents {
  readonly onHead: (status: number, head: string) => void;
  /** @param bytes not to be kept */
  readonly onBytes: (bytes: Buffer) => void;
  readonly onChunk: () => void;
  readonly onEnd: () => void;
}

/** What reads an HTTP/1.1 response of one stream: hands on its body, without head and chunk framing. */
export class Http1Body {
  private head: string | undefined = '';
  private chunked = false;
  /** Bytes left of the chunk that is arriving; -1: its size is. */
  private left = -1;
  private size = '';
  private over = false;

  constructor(private readonly events: BodyEvents) {}

  /** @param bytes not kept */
  feed(bytes: Buffer): void {
    const body = this.head === undefined ? bytes : this.readHead(bytes, this.head);
    if (body.length === 0) return;
    if (this.chunked) this.readChunks(body);
    else this.events.onBytes(body);
  }

  private readHead(bytes: Buffer, before: string): Buffer {
    const text = before + bytes.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    this.head = end === -1 ? text : undefined;
    if (end === -1) return bytes.subarray(bytes.length);
    const head = text.slice(0, end);
    this.chunked = /^transfer-encoding: *chunked/im.test(head);
    this.events.onHead(Number(head.slice(9, 12)), head);
    return bytes.subarray(end + 4 - before.length);
  }

  private readChunks(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && !this.over) {
      if (this.left > 0) {
        const end = Math.min(bytes.length, at + this.left);
        this.events.onBytes(bytes.subarray(at, end));
        this.left -= end - at;
        if (this.left === 0) this.left = -1;
        at = end;
      } else {
        at = this.readSize(bytes, at);
      }
    }
  }

  /** Reads a line with the size of the next chunk; the empty one is the end of the chunk before. */
  private readSize(bytes: Buffer, start: number): number {
    for (let at = start; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (byte === LF) {
        if (this.size !== '') this.left = Number.parseInt(this.size, 16);
        if (this.left === 0) this.end();
        else if (this.size !== '') this.events.onChunk();
        this.size = '';
        return at + 1;
      }
      if (byte !== CR) this.size += String.fromCharCode(byte);
    }
    return bytes.length;
  }

  private end(): void {
    this.over = true;
    this.events.onEnd();
  }
}

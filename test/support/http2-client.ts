import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { ByteLog, unhung } from './byte-log.js';

export interface Http2Stream {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: ByteLog;
  /** Takes nothing any more from this stream; its siblings go on. */
  readonly pause: () => void;
  readonly resume: () => void;
  readonly abort: () => void;
}

/** One HTTP/2 session, on which any number of streams may be open. */
export class Http2Client {
  private constructor(private readonly session: ClientHttp2Session) {}

  static async connect(origin: string): Promise<Http2Client> {
    const session = connect(origin, { rejectUnauthorized: false });
    session.on('error', () => undefined);
    await unhung(
      new Promise<void>((resolve) => session.once('connect', () => resolve())),
      `a session to ${origin}`,
    );
    return new Http2Client(session);
  }

  open(path: string, headers: Record<string, string> = {}, body?: string): Promise<Http2Stream> {
    const stream = this.session.request({ ':path': path, ...headers }, { endStream: body === undefined });
    const log = new ByteLog();
    stream.on('data', (chunk: Buffer) => log.add(chunk));
    stream.once('end', () => log.finish(stream.rstCode === 0 ? 'end' : 'cut'));
    stream.once('close', () => log.finish('cut'));
    stream.on('error', () => log.finish('cut'));
    if (body !== undefined) stream.end(body);
    return unhung(
      new Promise((resolve, reject) => {
        stream.once('error', reject);
        stream.once('response', (head) => {
          resolve({
            status: head[':status']!,
            headers: head,
            body: log,
            pause: () => void stream.pause(),
            resume: () => void stream.resume(),
            abort: () => stream.close(),
          });
        });
      }),
      `the head of ${path}`,
    );
  }

  close(): void {
    this.session.destroy();
  }
}

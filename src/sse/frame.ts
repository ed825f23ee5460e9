import type { Update } from '../update/update.js';

/** Told on a stream whose cursor is not kept: a native EventSource cannot read the headers that say so. */
export interface Gap {
  /** The cursor that was asked for, or the last id a live stream has. Undefined: it has none. */
  readonly requested: string | undefined;
  readonly reason: 'unknown' | 'expired';
  /** The newest public id dispatched: where the stream goes on from. Undefined: nothing was dispatched yet. */
  readonly lastEventId: string | undefined;
}

const LINE_BREAK = /\r\n|\r|\n/g;
const CRLF = '\r\n';

/**
 * Bytes that one or many streams send, encoded once and shared: plain, and as one chunk of HTTP/1.1 (RFC 9112
 * §7.1) for streams that write to their socket themselves. Carries what it tells, for subscribers inside the
 * process that want values instead of bytes.
 */
export class Frame {
  private plainBytes: Buffer | undefined;
  private chunkBytes: Buffer | undefined;
  private size = '';

  private constructor(
    private readonly encode: () => string,
    readonly updates: readonly Update[],
    /** What clients take for their cursor from now on; undefined: what they took before. */
    readonly lastId: string | undefined,
    readonly gap?: Gap,
  ) {}

  /** Several updates joined: one write instead of one per update (measured: 10 joined cost what one does). */
  static ofUpdates(updates: readonly Update[]): Frame {
    return new Frame(() => updates.map(encodeUpdate).join(''), updates, updates.at(-1)?.id);
  }

  static ofGap(gap: Gap): Frame {
    return new Frame(() => encodeGap(gap), [], gap.lastEventId, gap);
  }

  /** A sign of life. With a cursor, browsers move theirs to it and fire no event, having no data. */
  static ofBeat(cursor: string | undefined): Frame {
    return new Frame(() => (cursor === undefined ? ':\n' : `:\nid: ${cursor}\n\n`), [], cursor);
  }

  /** The middle of the chunk: nothing is encoded twice. */
  get plain(): Buffer {
    const { chunk } = this;
    return (this.plainBytes ??= chunk.subarray(this.size.length + CRLF.length, -CRLF.length));
  }

  get chunk(): Buffer {
    if (this.chunkBytes) return this.chunkBytes;
    const text = this.encode();
    this.size = Buffer.byteLength(text).toString(16);
    return (this.chunkBytes = Buffer.from(this.size + CRLF + text + CRLF));
  }
}

/** An update as an event: `event`, `retry`, `id`, `data`, in that order (draft-dunglas-mercure-08; WHATWG HTML §9.2). */
export function encodeUpdate(update: Update): string {
  const { type, retry, id, data } = update;
  const head = (type ? `event: ${type}\n` : '') + (retry ? `retry: ${retry}\n` : '');
  const lines = data.includes('\n') || data.includes('\r') ? data.replace(LINE_BREAK, '\ndata: ') : data;
  return `${head}id: ${id}\ndata: ${lines}\n\n`;
}

/** The document of a gap: our extension, under the event type that the draft reserves for hubs. */
export function gapDocument(gap: Gap): object {
  return {
    type: 'gap',
    requested: gap.requested,
    reason: gap.reason,
    last_event_id: gap.lastEventId ?? 'earliest',
  };
}

function encodeGap(gap: Gap): string {
  const id = gap.lastEventId === undefined ? '' : `id: ${gap.lastEventId}\n`;
  return `event: mercure\n${id}data: ${JSON.stringify(gapDocument(gap))}\n\n`;
}

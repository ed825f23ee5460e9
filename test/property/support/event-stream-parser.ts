/** What a page's listener gets, beside the time to wait that the stream asked for. */
export interface ParsedEvent {
  readonly type: string;
  readonly data: string;
  readonly lastEventId: string;
}

const LF = 0x0a;
const CR = 0x0d;
const BYTE_ORDER_MARK = '\ufeff';

/**
 * Interprets an event stream as the HTML Standard has it (§9.2.6), bytes as they come: an independent second opinion,
 * written for these tests from the standard's own steps.
 */
export class EventStreamParser {
  readonly events: ParsedEvent[] = [];
  /** The newest `retry`, in milliseconds. */
  retry: number | undefined;
  lastEventId = '';
  private line: number[] = [];
  private afterCr = false;
  private isFirstLine = true;
  private data = '';
  private type = '';
  private id = '';

  feed(bytes: Uint8Array): void {
    for (const byte of bytes) {
      const endsCrLf = byte === LF && this.afterCr;
      this.afterCr = byte === CR;
      if (endsCrLf) continue;
      if (byte === LF || byte === CR) this.endLine();
      else this.line.push(byte);
    }
  }

  private endLine(): void {
    let text = Buffer.from(this.line).toString('utf8');
    this.line = [];
    if (this.isFirstLine && text.startsWith(BYTE_ORDER_MARK)) text = text.slice(1);
    this.isFirstLine = false;
    if (text === '') {
      this.dispatch();
      return;
    }
    const colon = text.indexOf(':');
    if (colon === 0) return;
    const field = colon === -1 ? text : text.slice(0, colon);
    const value = colon === -1 ? '' : text.slice(colon + 1).replace(/^ /, '');
    this.process(field, value);
  }

  private process(field: string, value: string): void {
    if (field === 'event') this.type = value;
    else if (field === 'data') this.data += `${value}\n`;
    else if (field === 'id' && !value.includes('\0')) this.id = value;
    else if (field === 'retry' && /^[0-9]+$/.test(value)) this.retry = Number(value);
  }

  private dispatch(): void {
    this.lastEventId = this.id;
    if (this.data !== '') {
      const type = this.type === '' ? 'message' : this.type;
      this.events.push({ type, data: this.data.slice(0, -1), lastEventId: this.lastEventId });
    }
    this.data = '';
    this.type = '';
  }
}

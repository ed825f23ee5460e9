import type { Cursor, HistoryPage, Position, Transport } from '../transport/transport.js';

/** A page, or none where something is missing, and up to where it was asked for. */
export interface Read {
  readonly page: HistoryPage | undefined;
  readonly until: Position;
}

/**
 * The transport's history as a node's streams ask for it: when all its clients come back at once they ask the same, and
 * the store is asked once. What it answers is for all of them, also that it is away.
 */
export class History {
  private readonly reads = new Map<Position, Promise<Read>>();
  private located = new Map<string, Promise<Cursor>>();

  constructor(private readonly transport: Transport) {}

  /** A page, perhaps one that somebody asked for just before, up to where was dispatched then. */
  read(after: Position, until: Position): Promise<Read> {
    const asked = this.reads.get(after);
    if (asked) return asked;
    const read = this.transport.read(after, until).then((page) => ({ page, until }));
    this.reads.set(after, read);
    const forget = () => this.reads.delete(after);
    read.then(forget, forget);
    return read;
  }

  /**
   * Where a requested cursor stands; `earliest` means everything kept. Asked at the end of the tick: an answer that was
   * under way already may not know what somebody who comes now has just been sent by another node.
   */
  locate(requested: string): Promise<Cursor> {
    const asked = this.located.get(requested);
    if (asked) return asked;
    if (this.located.size === 0) setImmediate(() => (this.located = new Map()));
    const located = new Promise<void>((endOfTick) => setImmediate(endOfTick)).then(() => this.ask(requested));
    this.located.set(requested, located);
    return located;
  }

  private async ask(requested: string): Promise<Cursor> {
    if (requested !== 'earliest') return this.transport.locate(requested);
    return { found: true, position: await this.transport.earliest() };
  }
}

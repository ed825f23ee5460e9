import type { HistoryPage, Position } from '../transport/transport.js';

/** A page, or none where something is missing, and up to where it was asked for. */
export interface Read {
  readonly page: HistoryPage | undefined;
  readonly until: Position;
}

interface Place {
  readonly page: HistoryPage;
  readonly until: Position;
  /** Of the first update after it. */
  readonly index: number;
}

/** A page is 500 updates, or a megabyte and one update. */
const MAX_PAGES = 32;

/**
 * Pages of the history that were read, for whoever asks for what follows any place in them: clients of many topics have
 * as many cursors, most of them in the same page.
 */
export class ReadPages {
  private readonly places = new Map<Position, Place>();
  private pages = 0;

  /** What follows a position; undefined: nothing is known. Never nothing, which would be asked for again and again. */
  after(position: Position): Read | undefined {
    const place = this.places.get(position);
    if (!place) return undefined;
    const { page, until, index } = place;
    return { page: index === 0 ? page : { ...page, updates: page.updates.slice(index) }, until };
  }

  add(after: Position, { page, until }: Read): void {
    // Whether events were dropped after it is of that place alone.
    if (!page || page.updates.length === 0 || page.presenceDropped) return;
    // Those that were asked for at the same time lie in one another.
    if (this.places.has(after)) return;
    if (this.pages === MAX_PAGES) this.clear();
    this.pages++;
    this.places.set(after, { page, until, index: 0 });
    for (let index = 1; index < page.updates.length; index++) {
      this.places.set(page.updates[index - 1]!.position, { page, until, index });
    }
  }

  clear(): void {
    this.places.clear();
    this.pages = 0;
  }
}

import { createParser } from 'eventsource-parser';
import { unhung } from '../../support/byte-log.js';
import type { Random } from '../../property/support/random.js';

/** A row as a client sees it. */
type Picture = Map<number, Record<string, unknown>>;

interface Gap {
  readonly type?: string;
}

/**
 * A client that reads the rows once and then follows them, as a page would: it comes back with its cursor whenever the
 * stream ends, and reads again only when it is told that something is missing.
 */
export class MirrorClient {
  picture: Picture = new Map();
  hydrations = 0;
  gaps = 0;
  resumes = 0;
  /** Updates of what was rolled back. */
  readonly phantoms: string[] = [];
  private cursor = 'earliest';
  private stream: AbortController | undefined;
  private following: Promise<void> | undefined;
  private closed = false;
  private opened: (() => void) | undefined;
  private readonly settled = new Map<string, () => void>();
  private readonly seen = new Set<string>();

  /** @param url where the application is now: another one after a restart, perhaps */
  constructor(
    private readonly url: () => string,
    private readonly chance: Random,
  ) {}

  /** Reads, then follows until `close`. */
  start(): void {
    this.following = this.live();
  }

  /** The connection is lost. */
  disconnect(): void {
    this.stream?.abort();
  }

  /** Resolves when it follows again, or follows already. */
  async follows(): Promise<void> {
    if (this.stream && !this.stream.signal.aborted) return;
    const open = new Promise<void>((resolve) => (this.opened = resolve));
    await unhung(open, 'a stream of a client');
  }

  /** Resolves when everything told before the update of this name has come. */
  async hears(name: string): Promise<void> {
    if (this.seen.has(name)) return;
    const heard = new Promise<void>((resolve) => this.settled.set(name, resolve));
    await unhung(heard, `"${name}" by a client at ${this.cursor}`);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.disconnect();
    await this.following;
  }

  private async live(): Promise<void> {
    let hydrated = false;
    while (!this.closed) {
      try {
        if (!hydrated) await this.hydrate();
        hydrated = true;
        hydrated = await this.follow();
      } catch {
        // The server is away, or the connection was: what a browser waits for before it comes back.
        await new Promise((resume) => setTimeout(resume, 20 + this.chance.below(80)));
      }
    }
  }

  private async hydrate(): Promise<void> {
    const answer = await fetch(`${this.url()}/books`);
    if (answer.status !== 200) throw new Error(`status ${answer.status}`);
    const rows = (await answer.json()) as { id: number }[];
    this.picture = new Map(rows.map((row) => [row.id, row]));
    const link = answer.headers.get('link') ?? '';
    this.cursor = /rel="?mercure"?;.*?last-event-id="([^"]+)"/.exec(link)![1]!;
    this.hydrations++;
  }

  /** @returns false where a gap was told: what is known is worth nothing */
  private async follow(): Promise<boolean> {
    const stream = new AbortController();
    const query = new URLSearchParams({ match: '*', last_event_id: this.cursor });
    const answer = await fetch(`${this.url()}/.well-known/mercure?${String(query)}`, {
      signal: stream.signal,
    });
    if (answer.status !== 200) throw new Error(`status ${answer.status}`);
    this.resumes++;
    this.stream = stream;
    if (this.closed) stream.abort();
    this.opened?.();
    let isWhole = true;
    const parser = createParser({
      onEvent: ({ id, event, data }) => {
        if (event === 'mercure') {
          if ((JSON.parse(data) as Gap).type !== 'gap') return;
          this.gaps++;
          isWhole = false;
          stream.abort();
        } else if (isWhole) {
          this.cursor = id ?? this.cursor;
          this.take(data);
        }
      },
    });
    const decoder = new TextDecoder();
    try {
      for await (const chunk of answer.body!)
        parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
    } catch {
      // Cut: what came before counts.
    }
    stream.abort();
    return isWhole;
  }

  private take(data: string): void {
    if (!data.startsWith('{')) {
      this.seen.add(data);
      this.settled.get(data)?.();
      return;
    }
    if (data.includes('doomed')) this.phantoms.push(data);
    const row = JSON.parse(data) as { id: number; deleted?: true };
    if (row.deleted) this.picture.delete(row.id);
    else this.picture.set(row.id, row);
  }
}

/** The differences between what a client has and what the table has. */
export function divergences(picture: Picture, rows: readonly { id: number }[]): string[] {
  const table = new Map(rows.map((row) => [row.id, row]));
  const ids = [...new Set([...picture.keys(), ...table.keys()])].toSorted((one, other) => one - other);
  return ids.flatMap((id) => {
    const seen = JSON.stringify(picture.get(id));
    const there = JSON.stringify(table.get(id));
    return seen === there ? [] : [`book ${id}: client ${seen ?? 'none'}, table ${there ?? 'none'}`];
  });
}

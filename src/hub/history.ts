import type { Cursor, Position, Transport } from '../transport/transport.js';
import { type Read, ReadPages } from './read-pages.js';

/** How long what was read and found is remembered: a storm of clients that come back lasts seconds. Milliseconds. */
const REMEMBER_MS = 30_000;
/** Cursors that are remembered. */
const MAX_CURSORS = 10_000;

/** A cursor that is asked for, and not answered yet. */
interface Asked {
  readonly answer: Promise<Cursor>;
  /** Whether the store may have looked already. */
  begun: boolean;
}

/**
 * The transport's history as a node's streams ask for it: when all its clients come back they ask the same, and the
 * store is asked once (measured on SQLite for 1,000 clients of 50 topics: about 900 look-ups and 450 pages before, for 500
 * clients at most 50 of each after). What it answers is for all of them, also that it is away.
 */
export class History {
  private readonly reads = new Map<Position, Promise<Read>>();
  private readonly pages = new ReadPages();
  private readonly found = new Map<string, Cursor>();
  private readonly asked = new Map<string, Asked>();
  private rememberedSince: number | undefined;

  constructor(private readonly transport: Transport) {}

  /** A page, perhaps one that somebody asked for before, up to where was dispatched then. */
  read(after: Position, until: Position): Promise<Read> {
    const known = this.pages.after(after);
    if (known) return Promise.resolve(known);
    const asked = this.reads.get(after);
    if (asked) return asked;
    const read = this.transport.read(after, until).then((page) => ({ page, until }));
    this.reads.set(after, read);
    const answered = (): boolean => {
      // Unless it was forgotten meanwhile.
      const isCurrent = this.reads.get(after) === read;
      if (isCurrent) this.reads.delete(after);
      return isCurrent;
    };
    read.then((answer) => {
      if (!answered()) return;
      this.pages.add(after, answer);
      this.rememberedSince ??= performance.now();
    }, answered);
    return read;
  }

  /**
   * Where a requested cursor stands; `earliest` means everything kept. An answer that was under way already may not know
   * what somebody who comes now has just been sent by another node: where it has not found it, it is asked for again. Once
   * it is found it stays where it is.
   */
  async locate(requested: string): Promise<Cursor> {
    const found = this.found.get(requested);
    if (found) return found;
    const before = this.asked.get(requested);
    if (before?.begun) {
      const cursor = await before.answer;
      if (cursor.found) return cursor;
    }
    return (this.asked.get(requested) ?? this.ask(requested)).answer;
  }

  /** Forgets what is remembered for long enough: the store may have dropped it since. */
  forgetOld(): void {
    const { rememberedSince } = this;
    if (rememberedSince !== undefined && performance.now() - rememberedSince >= REMEMBER_MS) this.forget();
  }

  /** Forgets everything: another history has begun. */
  forget(): void {
    this.pages.clear();
    this.reads.clear();
    this.found.clear();
    this.asked.clear();
    this.rememberedSince = undefined;
  }

  /** At the end of the tick, for all who come in it. */
  private ask(requested: string): Asked {
    const begin = (): Promise<Cursor> => {
      asked.begun = true;
      return this.cursorOf(requested);
    };
    const endOfTick = new Promise<void>((end) => setImmediate(end));
    const asked: Asked = { begun: false, answer: endOfTick.then(begin) };
    this.asked.set(requested, asked);
    const answered = (cursor?: Cursor): void => {
      // Unless it was forgotten meanwhile.
      if (this.asked.get(requested) !== asked) return;
      this.asked.delete(requested);
      if (!cursor?.found || requested === 'earliest' || this.found.size === MAX_CURSORS) return;
      this.found.set(requested, cursor);
      this.rememberedSince ??= performance.now();
    };
    asked.answer.then(answered, () => answered());
    return asked;
  }

  private async cursorOf(requested: string): Promise<Cursor> {
    if (requested !== 'earliest') return this.transport.locate(requested);
    return { found: true, position: await this.transport.earliest() };
  }
}

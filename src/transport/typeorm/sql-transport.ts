import { MercureError } from '../../errors.js';
import type { Update } from '../../update/update.js';
import { type JoinsTransactions, type OpenTransaction, type ReportsHealth } from '../abilities.js';
import type { Application, LivesInApplication } from '../application.js';
import { RecentUpdates } from '../recent-updates.js';
import type {
  AppendKind,
  Cursor,
  HistoryPage,
  Position,
  StartPoint,
  Transport,
  TransportListener,
} from '../transport.js';
import { AppendQueue } from './append-queue.js';
import { Locator } from './locator.js';
import {
  type Entry,
  type Landmark,
  type Log,
  type LogState,
  type Place,
  type Row,
  toPlace,
  toPosition,
  toStored,
} from './log.js';
import { asUnavailable, atStart, StoreFault, unavailable } from './store-fault.js';
import { Tailer } from './tailer.js';

/** The newest updates a node keeps in memory, so that clients who come back read no database. */
const RING_BOUNDS = { maxUpdates: 10_000, maxBytes: 64 * 1024 * 1024 };

/** Of a transport that is used without the module. */
const NO_APPLICATION: Application = {
  dispatchTimeoutMs: 5000,
  findDataSource: () => {
    throw new MercureError(
      'OPTIONS_INVALID',
      500,
      'There is no application to find a DataSource in',
      'Give the DataSource.',
    );
  },
  warn: (message) => console.warn(message),
};

export interface SqlTransportSettings {
  readonly durability: Transport['durability'];
  readonly needsProviders: boolean;
  joins(dataSource: object): boolean;
  makeLog(application: Application): Promise<Log>;
}

/** A log of any engine as a transport: group commit in front, a tail behind, a ring of what was delivered. */
export class SqlTransport implements Transport, JoinsTransactions, ReportsHealth, LivesInApplication {
  readonly needsProviders: boolean;
  private readonly queue: AppendQueue;
  private application: Application = NO_APPLICATION;
  private log: Log | undefined;
  private locator!: Locator;
  private tailer: Tailer | undefined;
  private ring!: RecentUpdates;
  private listener!: TransportListener;
  /** Counts the lives of the history that this node saw. */
  private epoch = 0;
  private state!: LogState;
  /** The newest entry this node stored. */
  private own: Landmark | undefined;
  private closed = false;

  constructor(private readonly settings: SqlTransportSettings) {
    this.needsProviders = settings.needsProviders;
    this.queue = new AppendQueue({
      insert: (entries, deadline) => this.opened.insert(entries, deadline),
      stored: (first, entries) => this.stored(first, entries),
      timeoutMs: () => this.application.dispatchTimeoutMs,
    });
  }

  get durability(): Transport['durability'] {
    return this.log?.durability ?? this.settings.durability;
  }

  enter(application: Application): void {
    this.application = application;
  }

  async start(listener: TransportListener): Promise<StartPoint> {
    const log = await this.settings.makeLog(this.application);
    try {
      await log.open();
      this.log = log;
      this.locator = new Locator(log);
      this.listener = listener;
      this.state = await log.state();
      return await this.follow(log);
    } catch (error) {
      await log.close();
      this.log = undefined;
      throw atStart(error);
    }
  }

  append(updates: readonly Update[], kind: AppendKind = 'update'): Promise<void> {
    if (updates.length === 0) return Promise.resolve();
    return this.queue.append(updates.map((update) => ({ update, kind })));
  }

  async locate(id: string): Promise<Cursor> {
    const { epoch } = this;
    const located = await this.ask(() => this.locator.locate(id));
    return located.found ? { found: true, position: toPosition(located.place, epoch) } : located;
  }

  async earliest(): Promise<Position> {
    const { epoch } = this;
    const { trimmed } = await this.ask(() => this.opened.state());
    return toPosition(trimmed.update.place, epoch);
  }

  async read(after: Position, until: Position): Promise<HistoryPage | undefined> {
    const from = toPlace(after, this.epoch);
    const end = toPlace(until, this.epoch);
    if (from === undefined || end === undefined || from < this.state.trimmed.update.place) return undefined;
    if (from >= end) return { updates: [], end: after };
    const recent = this.ring.read(after, until);
    if (recent) return recent;
    const { epoch } = this;
    const page = await this.ask(() => this.opened.page(from, end, 'reader'));
    if (epoch !== this.epoch || page.epoch !== this.state.epoch) return undefined;
    const { trimmed } = page;
    if (from < trimmed.update.place) return undefined;
    const updates = page.rows.map((row) => toStored(row, epoch));
    return {
      updates,
      end: page.full ? updates.at(-1)!.position : until,
      presenceDropped: from < trimmed.presence.place,
    };
  }

  joins(dataSource: object): boolean {
    return this.settings.joins(dataSource);
  }

  appendWithin(transaction: OpenTransaction, updates: readonly Update[]): Promise<void> {
    const entries = updates.map((update): Entry => ({ update, kind: 'update' }));
    return this.opened.insertWithin(transaction, entries);
  }

  async check(): Promise<void> {
    if (this.closed) throw unavailable('it is closed');
    await this.ask(() => this.opened.probe(this.queue.fault !== undefined));
    this.queue.fault = undefined;
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.queue.close();
    await this.tailer?.close();
    await this.log?.close();
  }

  private async follow(log: Log): Promise<StartPoint> {
    const place = await this.settledHead(log);
    const position = toPosition(place, this.epoch);
    const newest = await this.newestAt(place);
    this.ring = new RecentUpdates(RING_BOUNDS, position);
    this.tailer = new Tailer(log, place, {
      deliver: (rows) => this.deliver(rows),
      look: (state) => this.look(state),
      recover: () => this.recover(),
      heldUp: (writers) => this.warnOf(writers),
      away: (reason) =>
        this.application.warn(`The store of the updates is away (${reason}); it is tried again.`),
    });
    log.onRing(() => this.tailer?.wake());
    this.tailer.run();
    return { position, ...(newest && { newest }) };
  }

  private deliver(rows: readonly Row[]): Promise<void> | undefined {
    const batch = rows.map((row) => toStored(row, this.epoch));
    this.ring.push(batch);
    return this.listener.appended(batch);
  }

  /** The greatest place below which nothing can appear any more. */
  private async settledHead(log: Log): Promise<Place> {
    const place = await log.greatest();
    if (!log.writers) return place;
    const deadline = performance.now() + 30_000;
    let left = await log.writers();
    while (left.size > 0) {
      if (performance.now() > deadline) {
        this.warnOf(left);
        throw unavailable('a transaction that wrote updates has not ended for half a minute');
      }
      await new Promise((resume) => setTimeout(resume, 10));
      const now = await log.writers();
      left = new Set([...left].filter((writer) => now.has(writer)));
    }
    return place;
  }

  /** The newest entry at or before the head. */
  private async newestAt(place: Place): Promise<StartPoint['newest']> {
    const [row] = await this.opened.rowsAt([place]);
    if (row) return { id: row.id, private: row.private };
    const { update, presence } = this.state.trimmed;
    const dropped = presence.place > update.place ? presence : update;
    return dropped.id === undefined ? undefined : { id: dropped.id, private: dropped.private ?? true };
  }

  private stored(first: Place, entries: readonly Entry[]): void {
    this.own = { place: first + BigInt(entries.length - 1), id: entries.at(-1)!.update.id };
    this.tailer?.offer(first, entries);
    this.opened.ring?.();
  }

  private look(state: LogState): void {
    if (state.epoch !== this.state.epoch) throw new Error('another history');
    this.state = state;
  }

  /** Whether the log is still the one that was left: its epoch, and the rows that must be there. */
  private async recover(): Promise<Place | undefined> {
    await this.opened.reopen();
    const state = await this.opened.state();
    const landmarks = [this.tailer!.newest, this.own].filter((each) => each !== undefined);
    const rows = await this.opened.rowsAt(landmarks.map(({ place }) => place));
    const { update, presence } = state.trimmed;
    const isThere = landmarks.every(({ place, id }) => {
      const row = rows.find((each) => each.place === place);
      return row ? row.id === id : place <= update.place || place <= presence.place;
    });
    if (state.epoch === this.state.epoch && isThere) {
      this.state = state;
      return undefined;
    }
    return this.startAnew(state);
  }

  private async startAnew(state: LogState): Promise<Place> {
    const place = await this.settledHead(this.opened);
    this.state = state;
    this.epoch++;
    this.own = undefined;
    const position = toPosition(place, this.epoch);
    this.ring.restart(position);
    this.listener.gap(position);
    return place;
  }

  private warnOf(writers: ReadonlySet<string>): void {
    void this.opened.describe?.(writers).then(
      (told) => this.application.warn(`Delivery waits for a transaction that does not end: ${told}`),
      () => undefined,
    );
  }

  private get opened(): Log {
    if (!this.log) throw new StoreFault('away', 'the hub has not been started');
    return this.log;
  }

  private async ask<T>(question: () => Promise<T>): Promise<T> {
    if (this.closed) throw unavailable('it is closed');
    try {
      return await question();
    } catch (error) {
      throw asUnavailable(error);
    }
  }
}

import { randomUUID } from 'node:crypto';
import { MercureError } from '../../errors.js';
import { NodeBoard } from '../presence/node-board.js';
import { OwnBoard } from '../presence/own-board.js';
import type { Update } from '../../update/update.js';
import type {
  JoinsTransactions,
  OnceWindow,
  OpenTransaction,
  PresenceBoard,
  PresenceListener,
  ReportsHealth,
  RetainsUpdates,
  SharesPresence,
  StoresOnce,
} from '../abilities.js';
import type { Application, LivesInApplication } from '../application.js';
import type {
  AppendKind,
  Cursor,
  HistoryPage,
  Position,
  StartPoint,
  StoredUpdate,
  Transport,
  TransportListener,
} from '../transport.js';
import { AppendQueue } from './append-queue.js';
import type { KeptBounds } from './kept.js';
import { Life } from './life.js';
import { follow, type Running } from './follow.js';
import { type Entry, type Log, NO_BELL, type Place, type WakeUps } from './log.js';
import { asUnavailable, atStart, StoreFault, unavailable } from './store-fault.js';

/** What one append may have: the numbers of one statement. */
const MAX_ENTRIES = 2 ** 20;

/** Of a transport that is used without the module. */
const NO_APPLICATION: Required<Application> = {
  dispatchTimeoutMs: 5000,
  findDataSource: () => {
    const remedy = 'Give the DataSource itself.';
    throw new MercureError(
      'OPTIONS_INVALID',
      500,
      `There is no application to find it in. ${remedy}`,
      remedy,
    );
  },
  warn: (message) => console.warn(message),
};

export interface SqlTransportSettings {
  readonly durability: Transport['durability'];
  readonly needsProviders: boolean;
  readonly bounds: KeptBounds;
  readonly leaseMs: number;
  joins(dataSource: object): boolean;
  makeLog(application: Required<Application>): Promise<Log>;
}

/** How a node hears of what others store, for whoever watches it. */
export interface TypeOrmTransportStats extends WakeUps {
  /** Times this node looked for updates since it was started. */
  readonly looks: number;
  /** How long it now waits between two looks when nothing wakes it. Milliseconds. */
  readonly lookMs: number;
}

/** A log of any engine as a transport: group commit in front, a tail behind, a ring of what was delivered. */
export class SqlTransport
  implements
    Transport,
    StoresOnce,
    RetainsUpdates,
    SharesPresence,
    JoinsTransactions,
    ReportsHealth,
    LivesInApplication
{
  readonly needsProviders: boolean;
  private readonly queue: AppendQueue;
  private application = NO_APPLICATION;
  private running: Running | undefined;
  private closed = false;
  private maxTopics = 0;
  /** Where something damaged was read last. */
  private damaged: Place | undefined;
  private board: NodeBoard | OwnBoard | undefined;

  constructor(private readonly settings: SqlTransportSettings) {
    this.needsProviders = settings.needsProviders;
    this.queue = new AppendQueue({
      insert: (entries, deadline) => this.now.log.insert(entries, deadline),
      insertOnce: (calls, window, deadline) => this.now.log.insertOnce(calls, window, deadline),
      stored: (first, entries) => this.stored(first, entries),
      timeoutMs: () => this.application.dispatchTimeoutMs,
    });
  }

  get durability(): Transport['durability'] {
    return this.running?.log.durability ?? this.settings.durability;
  }

  enter(application: Application): void {
    this.application = { ...NO_APPLICATION, ...application };
  }

  async start(listener: TransportListener): Promise<StartPoint> {
    const log = await this.settings.makeLog(this.application);
    try {
      await log.open();
      const life = await Life.of(log);
      const { place, ...start } = await life.startPoint();
      const { maxTopics, settings } = this;
      const { bounds } = settings;
      this.running = follow({
        log,
        life,
        start: place,
        bounds,
        maxTopics,
        listener,
        warn: (message) => this.application.warn(message),
      });
      return start;
    } catch (error) {
      await log.close();
      throw atStart(error);
    }
  }

  append(updates: readonly Update[], kind: AppendKind = 'update'): Promise<void> {
    if (updates.length === 0) return Promise.resolve();
    if (updates.length > MAX_ENTRIES) return Promise.reject(tooMany());
    return this.queue.append(updates.map((update) => ({ update, kind })));
  }

  appendOnce(updates: readonly Update[], window: OnceWindow): Promise<void> {
    if (updates.length === 0) return Promise.resolve();
    if (updates.length > MAX_ENTRIES) return Promise.reject(tooMany());
    return this.queue.append(
      updates.map((update) => ({ update, kind: 'update' })),
      window,
    );
  }

  async locate(id: string): Promise<Cursor> {
    return this.ask(async ({ locator, life, tailer }) => {
      const { number } = life;
      const located = await locator.locate(id);
      if (located === undefined) tailer.wake();
      // Where another life begins, nobody knows in which one it was found.
      if (!located || number !== life.number) return { found: false, reason: 'unknown' };
      if (!located.found) return located;
      return { found: true, position: life.position(located.place) };
    });
  }

  earliest(): Promise<Position> {
    return this.ask(async ({ log, life }) => {
      const { trimmed } = await log.state('reader');
      return life.position(trimmed.update.place);
    });
  }

  async read(after: Position, until: Position): Promise<HistoryPage | undefined> {
    return this.ask(async ({ log, life, ring }) => {
      const from = life.place(after);
      const end = life.place(until);
      if (from === undefined || end === undefined || from < life.state.trimmed.update.place) return undefined;
      if (from >= end) return { updates: [], end: after };
      const recent = ring.read(after, until);
      if (recent) return recent;
      const page = await log.page(from, end, 'reader');
      // Another life may have begun meanwhile, in the log or as this node knows it.
      if (life.place(after) !== from || page.epoch !== life.state.epoch) return undefined;
      if (from < page.trimmed.update.place) return undefined;
      if (page.damaged !== undefined && page.rows.length === 0) return this.tellDamaged(page.damaged);
      const updates = page.rows.map((row) => life.stored(row));
      return {
        updates,
        end: page.full ? updates.at(-1)!.position : until,
        presenceDropped: from < page.trimmed.presence.place,
      };
    });
  }

  retain({ maxTopics }: { readonly maxTopics: number }): void {
    this.maxTopics = maxTopics;
  }

  async latest(topics: readonly string[], until: Position): Promise<readonly StoredUpdate[]> {
    return this.ask(async ({ life, retained }) => {
      const end = life.place(until);
      if (!retained || end === undefined) return [];
      const latest = await retained.latest(topics, end);
      // Another life may have begun meanwhile.
      if (life.place(until) !== end) return [];
      return latest.map(({ place, update }) => ({ position: life.position(place), update }));
    });
  }

  openPresence(listener: PresenceListener): PresenceBoard {
    const store = this.now.log.presence?.(this.settings.leaseMs);
    this.board = store ? new NodeBoard(randomUUID(), store, listener) : new OwnBoard();
    return this.board;
  }

  joins(dataSource: object): boolean {
    return this.settings.joins(dataSource);
  }

  async appendWithin(transaction: OpenTransaction, updates: readonly Update[]): Promise<void> {
    if (updates.length > MAX_ENTRIES) throw tooMany();
    const entries = updates.map((update): Entry => ({ update, kind: 'update' }));
    if (entries.length > 0) await this.now.log.insertWithin(transaction, entries);
  }

  async check(): Promise<void> {
    await this.ask(({ log }) => log.probe(this.queue.fault !== undefined));
    this.queue.fault = undefined;
  }

  stats(): TypeOrmTransportStats {
    const { log, tailer } = this.running ?? {};
    return { ...(log?.wakeUps() ?? NO_BELL), looks: tailer?.looks ?? 0, lookMs: log?.pollMs ?? 0 };
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.queue.close();
    if (!this.running) return;
    const { tailer, retention, retained, log } = this.running;
    await Promise.all([tailer.close(), retention.close()]);
    await Promise.all([retained?.close(), this.board?.close()]);
    await log.close();
  }

  /** Whoever reads there is told a gap; the operator once. */
  private tellDamaged(place: Place): undefined {
    if (this.damaged === place) return;
    this.damaged = place;
    this.application.warn(`An update in the store of the updates is damaged or missing (place ${place}).`);
  }

  private stored(first: Place, entries: readonly Entry[]): void {
    const { life, tailer, log } = this.running!;
    life.noteOwn(first, entries, tailer.isElsewhere);
    tailer.offer(first, entries);
    log.ring?.();
  }

  /** @throws MercureError TRANSPORT_UNAVAILABLE */
  private async ask<T>(question: (running: Running) => Promise<T>): Promise<T> {
    if (this.closed) throw unavailable('it is closed');
    try {
      return await question(this.now);
    } catch (error) {
      throw asUnavailable(error);
    }
  }

  private get now(): Running {
    if (!this.running) throw new StoreFault('away', 'the hub has not been started');
    return this.running;
  }
}

function tooMany(): MercureError {
  const remedy = `Publish at most ${MAX_ENTRIES.toLocaleString('en')} updates at once.`;
  return new MercureError('UPDATE_TOO_LARGE', 413, 'Too many updates', remedy);
}

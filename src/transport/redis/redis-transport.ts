import { randomUUID } from 'node:crypto';
import type { Update } from '../../update/update.js';
import type {
  OnceWindow,
  PresenceBoard,
  PresenceListener,
  ReportsHealth,
  RetainsUpdates,
  SharesPresence,
  StoresOnce,
} from '../abilities.js';
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
import { closed } from '../refusals.js';
import { unavailable } from './failures.js';
import { RedisNode } from './redis-node.js';
import { type RedisSettings, type RedisTransportOptions, resolveRedisOptions } from './redis-options.js';

/**
 * Updates in Redis (6.2 or newer) or Valkey: any number of nodes with the same URL and prefix are one hub. Needs ioredis
 * (`npm install ioredis`), which is loaded when the hub starts.
 *
 * @throws MercureError OPTIONS_INVALID
 */
export function redis(options: RedisTransportOptions): RedisTransport {
  return new TransportOnRedis(resolveRedisOptions(options));
}

/** Everything a transport may do, but join transactions. */
export type RedisTransport = Transport & StoresOnce & RetainsUpdates & SharesPresence & ReportsHealth;

class TransportOnRedis implements RedisTransport {
  readonly durability: Transport['durability'];
  private readonly id = randomUUID();
  private opened: RedisNode | undefined;
  private closed = false;
  private maxTopics = 0;

  constructor(private readonly settings: RedisSettings) {
    this.durability = settings.durability;
  }

  async start(listener: TransportListener): Promise<StartPoint> {
    this.opened = await RedisNode.open(this.id, this.settings, listener);
    this.opened.appender.maxTopics = this.maxTopics;
    return this.opened.start;
  }

  async append(updates: readonly Update[], kind: AppendKind = 'update'): Promise<void> {
    await this.node.appender.append(updates, kind);
  }

  async appendOnce(updates: readonly Update[], window: OnceWindow): Promise<void> {
    await this.node.appender.append(updates, 'once', window);
  }

  async locate(id: string): Promise<Cursor> {
    return this.node.history.locate(id);
  }

  async earliest(): Promise<Position> {
    return this.node.history.earliest();
  }

  async read(after: Position, until: Position): Promise<HistoryPage | undefined> {
    return this.node.recent.read(after, until) ?? this.node.history.read(after, until);
  }

  retain({ maxTopics }: { readonly maxTopics: number }): void {
    this.maxTopics = maxTopics;
  }

  async latest(topics: readonly string[], until: Position): Promise<readonly StoredUpdate[]> {
    return this.node.history.latest(topics, until);
  }

  openPresence(listener: PresenceListener): PresenceBoard {
    return this.node.openPresence(listener);
  }

  async check(): Promise<void> {
    await this.node.check();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.opened?.close();
  }

  private get node(): RedisNode {
    if (this.closed) throw closed();
    if (!this.opened) throw unavailable('the hub is not started');
    return this.opened;
  }
}

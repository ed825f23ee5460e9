import type { PresenceBoard, PresenceListener } from '../abilities.js';
import { RecentUpdates } from '../recent-updates.js';
import type { StartPoint, TransportListener } from '../transport.js';
import { Appender, newEpoch } from './appender.js';
import { checkServer, keepsPromise } from './check-server.js';
import { connect, loadEngine, opened } from './connect.js';
import type { Connection } from './connection.js';
import { invalid, unavailable } from './failures.js';
import { History, type RawState } from './history.js';
import { Keys } from './keys.js';
import { OPEN } from './lua/read.js';
import { positionAt } from './position.js';
import { NodeBoard } from '../presence/node-board.js';
import { RedisPresence } from './presence-store.js';
import type { RedisSettings } from './redis-options.js';
import { Script } from './script.js';
import { sweepRegularly } from './sweep-regularly.js';
import { Tail } from './tail.js';

/** Of what a node keeps in memory in front of Redis, so that clients that all come back at once read it there. */
const RECENT_UPDATES = 10_000;
const RECENT_BYTES = 64 * 1024 * 1024;

type Opened = readonly [
  none: '',
  state: RawState,
  newest: readonly [id: string | null, isPrivate: string | null],
];
const open = new Script<readonly [alien: string] | Opened>(OPEN);

/** Reading blocks its connection, and appends wait for nothing but each other. */
interface Connections {
  readonly commands: Connection;
  readonly appends: Connection;
  readonly reading: Connection;
}

/** One hub on Redis, connected. */
export class RedisNode {
  readonly start: StartPoint;
  readonly appender: Appender;
  readonly history: History;
  readonly recent: RecentUpdates;
  private readonly keys: Keys;
  private readonly tail: Tail;
  private board: NodeBoard | undefined;
  private readonly endSweeping: () => void;

  /** @throws MercureError TRANSPORT_INVALID, TRANSPORT_UNAVAILABLE: with what to do about it */
  static async open(id: string, settings: RedisSettings, listener: TransportListener): Promise<RedisNode> {
    const engine = await loadEngine();
    const make = (): Connection => connect(engine, settings);
    const connections = { commands: make(), appends: make(), reading: make() };
    try {
      await opened(Object.values(connections), settings);
      await checkServer(connections.commands, settings);
      const keys = new Keys(settings.prefix);
      return new RedisNode(
        id,
        settings,
        listener,
        connections,
        await openHistory(connections.commands, keys),
      );
    } catch (error) {
      for (const each of Object.values(connections)) each.close();
      throw error;
    }
  }

  private constructor(
    private readonly id: string,
    private readonly settings: RedisSettings,
    listener: TransportListener,
    private readonly connections: Connections,
    history: Opened,
  ) {
    const { commands, appends, reading } = connections;
    const keys = new Keys(settings.prefix);
    this.keys = keys;
    this.start = startPoint(history);
    this.history = new History(commands, keys);
    this.recent = new RecentUpdates(recentBounds(settings), this.start.position);
    this.tail = new Tail(
      {
        connection: reading,
        keys,
        recent: this.recent,
        listener,
        open: async () => (await openHistory(commands, keys))[1],
        timeoutMs: settings.timeoutMs,
      },
      this.start.position,
    );
    const stored = this.tail.own.add.bind(this.tail.own);
    const isFit = (): Promise<boolean> => keepsPromise(appends, settings).catch(() => false);
    this.appender = new Appender({ connection: appends, keys, settings, node: id, stored, isFit });
    this.endSweeping = sweepRegularly(commands, keys, settings);
    this.tail.start();
  }

  openPresence(listener: PresenceListener): PresenceBoard {
    const store = new RedisPresence(this.connections.commands, this.keys, this.settings.leaseMs);
    this.board = new NodeBoard(this.id, store, listener);
    return this.board;
  }

  /** @throws MercureError TRANSPORT_UNAVAILABLE */
  async check(): Promise<void> {
    await this.connections.commands.ask((client) => client.hget(this.keys.meta, 'epoch'));
    await this.appender.check();
    if (this.tail.silentMs > 2 * this.settings.timeoutMs) throw unavailable('nothing is read from Redis');
  }

  async close(): Promise<void> {
    this.endSweeping();
    await this.appender.close();
    await this.board?.close();
    for (const each of Object.values(this.connections)) (each as Connection).close();
    await this.tail.end();
  }
}

async function openHistory(connection: Connection, keys: Keys): Promise<Opened> {
  const args = [newEpoch(), ...keys.kinds];
  const opening = await connection.ask((client) => open.run(client, keys.history, args));
  if (opening.length === 1) {
    throw invalid(
      `The key "${opening[0]}" in Redis is not of this hub, or of another version of it`,
      'Choose another prefix, or delete the keys of that one.',
    );
  }
  return opening;
}

function startPoint([, [epoch, last], [id, isPrivate]]: Opened): StartPoint {
  const position = positionAt(epoch!, last!);
  return id === null ? { position } : { position, newest: { id, private: isPrivate === '1' } };
}

/** Not more than is kept in Redis. */
function recentBounds({ size, bytes }: RedisSettings): { maxUpdates: number; maxBytes: number } {
  return {
    maxUpdates: Math.min(size || Infinity, RECENT_UPDATES),
    maxBytes: Math.min(bytes || Infinity, RECENT_BYTES),
  };
}

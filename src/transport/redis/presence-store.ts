import type { PresenceEntry } from '../abilities.js';
import type { PresenceStore, Renewed } from '../presence/presence-store.js';
import type { Connection } from './connection.js';
import type { Keys } from './keys.js';
import { NODES, RENEW, TAKE_OVER } from './lua/presence.js';
import { Script } from './script.js';

/** Subscriptions read by one scan. */
const PAGE = 1000;

const renew = new Script<readonly [wasRunning: 0 | 1, count: number]>(RENEW);
const nodes = new Script<readonly [living: readonly string[], dead: readonly string[]]>(NODES);
const takeOver = new Script<0 | 1>(TAKE_OVER);

/** The subscriptions of nodes as Redis has them. Everything rejects as `Connection.ask` does. */
export class RedisPresence implements PresenceStore {
  /** @param leaseMs how long a node that is silent counts as living */
  constructor(
    private readonly connection: Connection,
    private readonly keys: Keys,
    readonly leaseMs: number,
  ) {}

  /** Renews a node's lease and writes what changed. */
  async renew(node: string, gone: readonly string[], there: readonly PresenceEntry[] = []): Promise<Renewed> {
    const entries = there.flatMap(({ id, text }) => [id, text]);
    const args = [node, this.leaseMs, gone.length, ...gone, ...entries];
    const keys = [this.keys.nodes, this.keys.node(node)];
    const [wasRunning, count] = await this.connection.ask((client) => renew.run(client, keys, args));
    return { wasRunning: wasRunning === 1, count };
  }

  async nodes(): Promise<{ readonly living: readonly string[]; readonly dead: readonly string[] }> {
    const [living, dead] = await this.connection.ask((client) => nodes.run(client, [this.keys.nodes], []));
    return { living, dead };
  }

  /** Whether a dead node had something, which is now under the other name and nobody else's. */
  async takeOver(dead: string, name: string): Promise<boolean> {
    const keys = [this.keys.nodes, this.keys.node(dead), this.keys.node(name)];
    const args = [dead, name, this.leaseMs];
    return (await this.connection.ask((client) => takeOver.run(client, keys, args))) === 1;
  }

  /** The subscriptions of a node; one that changes meanwhile may be among them or not. */
  async *pagesOf(node: string): AsyncGenerator<readonly PresenceEntry[], void, void> {
    let cursor = '0';
    do {
      const from = cursor;
      const scan = await this.connection.ask((client) =>
        client.hscan(this.keys.node(node), from, 'COUNT', PAGE),
      );
      cursor = scan[0];
      const page: PresenceEntry[] = [];
      for (let index = 0; index < scan[1].length; index += 2) {
        page.push({ id: scan[1][index]!, text: scan[1][index + 1]! });
      }
      yield page;
    } while (cursor !== '0');
  }

  /** Its subscriptions, not its lease. */
  async clear(node: string): Promise<void> {
    await this.connection.ask((client) => client.unlink(this.keys.node(node)));
  }

  async remove(node: string): Promise<void> {
    await this.connection.ask((client) =>
      Promise.all([client.zrem(this.keys.nodes, node), client.unlink(this.keys.node(node))]),
    );
  }
}

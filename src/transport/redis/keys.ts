/**
 * The keys of one hub. The braces make them one slot of a Redis Cluster: a script may touch all of them.
 *
 * | key | holds |
 * |---|---|
 * | `meta` | hash: epoch, newest and dropped entries, bytes |
 * | `stream`, `presence` | streams: updates, events about subscriptions; their entries share one order |
 * | `ids`, `presence-ids` | hashes: id ⇒ its first kept entry |
 * | `again`, `presence-again` | hashes: the further entries of ids that were used again |
 * | `once`, `once-order` | hash id ⇒ what was stored under it; list of these ids, oldest first |
 * | `retained…` | topic ⇒ newest entry, the topics by age, the entries, how many topics hold each |
 * | `nodes`, `node:<id>` | sorted set: node ⇒ when its lease ends; hash: its subscriptions |
 * | `call:<id>` | the newest call of a node and what became of it |
 */
export class Keys {
  constructor(private readonly prefix: string) {}

  /** What every script of the history works on, in the order in which `lua/history.ts` names them. */
  get history(): readonly string[] {
    return HISTORY.map((name) => this.of(name));
  }

  /** The kinds that the keys of `history` must have, where they are there at all. */
  get kinds(): readonly string[] {
    return HISTORY.map((name) => KINDS[name]);
  }

  get meta(): string {
    return this.of('meta');
  }

  get stream(): string {
    return this.of('stream');
  }

  get presence(): string {
    return this.of('presence');
  }

  get nodes(): string {
    return this.of('nodes');
  }

  node(id: string): string {
    return this.of(`node:${id}`);
  }

  call(id: string): string {
    return this.of(`call:${id}`);
  }

  private of(name: string): string {
    return `{${this.prefix}}:${name}`;
  }
}

const KINDS = {
  meta: 'hash',
  stream: 'stream',
  ids: 'hash',
  again: 'hash',
  presence: 'stream',
  'presence-ids': 'hash',
  'presence-again': 'hash',
  once: 'hash',
  'once-order': 'list',
  retained: 'hash',
  'retained-order': 'zset',
  'retained-updates': 'hash',
  'retained-uses': 'hash',
} as const;
const HISTORY = Object.keys(KINDS) as (keyof typeof KINDS)[];

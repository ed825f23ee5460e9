import type { Position, StartPoint, StoredUpdate, Transport } from '../../../../src/transport/transport.js';
import type { Update } from '../../../../src/update/update.js';

export function update(id: string, fields: Partial<Update> = {}): Update {
  return { id, topics: ['https://example.com/t'], data: `data of ${id}`, private: false, ...fields };
}

export function updates(name: string, count: number): Update[] {
  return Array.from({ length: count }, (_, index) => update(`${name}${index}`));
}

/** A started transport, and all that it told its node. */
export class Node {
  readonly seen: StoredUpdate[] = [];
  readonly gaps: Position[] = [];
  start!: StartPoint;
  private readonly watchers = new Set<() => void>();

  private constructor(readonly transport: Transport) {}

  static async start(transport: Transport): Promise<Node> {
    const node = new Node(transport);
    node.start = await transport.start({
      appended: (batch) => {
        node.seen.push(...batch);
        node.tell();
        return undefined;
      },
      gap: (position) => {
        node.gaps.push(position);
        node.tell();
      },
    });
    return node;
  }

  get ids(): string[] {
    return this.seen.map(({ update: { id } }) => id);
  }

  get position(): Position {
    return this.seen.at(-1)?.position ?? this.start.position;
  }

  /** Resolves when something is so that deliveries change. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.watchers.add(resolve));
  }

  hasSeen(count: number): Promise<void> {
    return this.until(() => this.seen.length >= count);
  }

  /** The ids after a cursor, page by page. */
  async replay(id: string): Promise<string[]> {
    const cursor = await this.transport.locate(id);
    if (!cursor.found) throw new Error(`${id} is ${cursor.reason}`);
    return this.readAfter(cursor.position);
  }

  async readAfter(after: Position): Promise<string[]> {
    const ids: string[] = [];
    let position = after;
    while (position !== this.position) {
      const page = await this.transport.read(position, this.position);
      if (!page) throw new Error('a hole');
      ids.push(...page.updates.map((stored) => stored.update.id));
      position = page.end;
    }
    return ids;
  }

  private tell(): void {
    for (const watcher of this.watchers) watcher();
    this.watchers.clear();
  }
}

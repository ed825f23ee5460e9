import assert from 'node:assert/strict';
import type { Position, StartPoint, StoredUpdate, Transport } from '../transport/transport.js';

/** A transport that was started, and all it told its node. */
export class ContractNode {
  readonly seen: StoredUpdate[] = [];
  /** Each with how many updates had been seen when it was told. */
  readonly gaps: { readonly position: Position; readonly after: number }[] = [];
  /** How often `appended` was called. */
  calls = 0;
  /** What `appended` answers: a promise while the node is behind. */
  behind: Promise<void> | undefined;
  start!: StartPoint;
  private readonly watchers = new Set<() => void>();

  private constructor(
    readonly transport: Transport,
    private readonly patienceMs: number,
  ) {}

  static async start(transport: Transport, patienceMs: number): Promise<ContractNode> {
    const node = new ContractNode(transport, patienceMs);
    node.start = await transport.start({
      appended: (batch) => {
        node.calls++;
        node.seen.push(...batch);
        node.tell();
        return node.behind;
      },
      gap: (position) => {
        node.gaps.push({ position, after: node.seen.length });
        node.tell();
      },
    });
    return node;
  }

  /** Up to where it was delivered: what a hub reads up to. */
  get position(): Position {
    const gap = this.gaps.at(-1);
    if (gap && gap.after === this.seen.length) return gap.position;
    return this.seen.at(-1)?.position ?? this.start.position;
  }

  get ids(): string[] {
    return this.seen.map(({ update }) => update.id);
  }

  /** Resolves when so many updates were delivered in all. */
  hasSeen(count: number): Promise<void> {
    return this.until(`${count} updates are delivered`, () => this.seen.length >= count);
  }

  /** Resolves when something that only deliveries and gaps change is so. */
  async until(what: string, condition: () => boolean): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.watchers.delete(look);
        reject(new assert.AssertionError({ message: `Never came: ${what} (${this.seen.length} were)` }));
      }, this.patienceMs);
      const look = (): void => {
        if (!condition()) return;
        clearTimeout(timer);
        this.watchers.delete(look);
        resolve();
      };
      this.watchers.add(look);
    });
  }

  /** The kept updates after a position up to where this node was delivered, page by page. */
  async readAfter(after: Position): Promise<StoredUpdate[]> {
    const read: StoredUpdate[] = [];
    let position = after;
    while (position !== this.position) {
      const page = await this.transport.read(position, this.position);
      assert(page, 'what is kept is read, not told as missing');
      read.push(...page.updates);
      assert(page.end !== position || page.updates.length > 0, 'a page before the end makes progress');
      position = page.end;
    }
    return read;
  }

  /** The position of an id that must be found. */
  async positionOf(id: string): Promise<Position> {
    const cursor = await this.transport.locate(id);
    assert(cursor.found, `the id ${JSON.stringify(id.slice(0, 60))} is found`);
    return cursor.position;
  }

  private tell(): void {
    for (const watcher of this.watchers) watcher();
  }
}

import type { PresenceBoard, PresenceEntry } from '../abilities.js';
import { isRemains, reapDeadNodes } from './presence-reaper.js';
import type { PresenceStore } from './presence-store.js';

/** What changes within it is written together; a pair that cancels out is not. Milliseconds. */
const BATCH_MS = 50;
/** Subscriptions written by one script. */
const STEP = 1000;

/** This node's subscriptions, and those of the others as Redis has them. */
export class RedisPresenceBoard implements PresenceBoard {
  private readonly own = new Map<string, string>();
  /** Those that Redis has of this node, as far as is known. */
  private readonly written = new Set<string>();
  /** Ids that Redis must be told of. */
  private changed = new Set<string>();
  private batch: NodeJS.Timeout | undefined;
  private readonly beat: NodeJS.Timeout;
  private writing = false;
  private closed = false;

  /** @param lost called with what a node left behind that did not renew its lease */
  constructor(
    private readonly node: string,
    private readonly store: PresenceStore,
    private readonly lost: (entries: readonly PresenceEntry[]) => void,
  ) {
    this.beat = setInterval(() => void this.renew(), store.leaseMs / 3);
    this.beat.unref();
    void this.renew();
  }

  join(entries: readonly PresenceEntry[]): void {
    for (const { id, text } of entries) {
      this.own.set(id, text);
      this.changed.add(id);
    }
    this.writeSoon();
  }

  leave(ids: readonly string[]): void {
    for (const id of ids) {
      if (!this.own.delete(id)) continue;
      if (this.written.has(id)) this.changed.add(id);
      else this.changed.delete(id);
    }
    this.writeSoon();
  }

  async list(): Promise<readonly PresenceEntry[]> {
    const { living } = await this.store.nodes();
    const entries = new Map<string, string>();
    for (const other of living) {
      if (other === this.node || isRemains(other)) continue;
      for await (const page of this.store.pagesOf(other))
        for (const { id, text } of page) entries.set(id, text);
    }
    for (const [id, text] of this.own) entries.set(id, text);
    return [...entries].map(([id, text]) => ({ id, text }));
  }

  /** Nothing is left of it, nor told. Where Redis is away, its lease ends by itself. */
  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.beat);
    clearTimeout(this.batch);
    await this.store.remove(this.node).catch(() => undefined);
  }

  private writeSoon(): void {
    if (this.closed || this.changed.size === 0 || this.batch) return;
    this.batch = setTimeout(() => {
      this.batch = undefined;
      void this.write();
    }, BATCH_MS);
    this.batch.unref();
  }

  /** A beat: the lease of this node, and the end of others'. */
  private async renew(): Promise<void> {
    await this.write();
    if (!this.closed) await reapDeadNodes(this.store, this.lost).catch(() => undefined);
  }

  private async write(): Promise<void> {
    if (this.writing || this.closed) return;
    this.writing = true;
    try {
      do {
        await this.writeStep();
      } while (this.changed.size > 0 && !this.closed);
    } catch {
      // Away: what is to be told is kept, and the next beat tells it.
    } finally {
      this.writing = false;
    }
  }

  private async writeStep(): Promise<void> {
    const step = [...this.changed].slice(0, STEP);
    const gone = step.filter((id) => !this.own.has(id));
    const there = step.flatMap((id) => (this.own.has(id) ? [{ id, text: this.own.get(id)! }] : []));
    for (const id of step) this.changed.delete(id);
    // Before it is so: what changes while it is written is written after it.
    for (const { id } of there) this.written.add(id);
    for (const id of gone) this.written.delete(id);
    try {
      const count = await this.store.renew(this.node, gone, there);
      if (count !== this.written.size) await this.writeAllAnew();
    } catch (error) {
      for (const id of step) this.changed.add(id);
      throw error;
    }
  }

  /** Others took this node for dead, or the store lost something: what it has there is not what it should be. */
  private async writeAllAnew(): Promise<void> {
    await this.store.clear(this.node);
    this.written.clear();
    this.changed = new Set(this.own.keys());
  }
}

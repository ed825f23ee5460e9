import type { PresenceBoard, PresenceEntry, PresenceListener } from '../abilities.js';
import { closed } from '../refusals.js';
import { isRemains, reapDeadNodes } from './reap-dead-nodes.js';
import type { PresenceStore } from './presence-store.js';

/** What changes within it is written together; a pair that cancels out is not. Milliseconds. */
const BATCH_MS = 50;
/** Between two tries while the store is away. Milliseconds. */
const RETRY_MS = 1000;
/** Subscriptions written at once. */
const STEP = 1000;

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** This node's subscriptions, and those of the others as the store has them. */
export class NodeBoard implements PresenceBoard {
  private readonly own = new Map<string, string>();
  /** Those that the store has of this node, as far as is known. */
  private readonly written = new Set<string>();
  /** Those that the store had and lost: others may have been told that they are gone. */
  private readonly lost = new Set<string>();
  /** Ids that the store must be told of, and who waits until it was. */
  private changed = new Set<string>();
  private waiting: Waiting[] = [];
  private batch: NodeJS.Timeout | undefined;
  private readonly beat: NodeJS.Timeout;
  /** Until then nobody else is taken for dead: after an outage the leases of all are over. */
  private trustsLeasesAt: number;
  private writing = false;
  private closed = false;

  constructor(
    private readonly node: string,
    private readonly store: PresenceStore,
    private readonly listener: PresenceListener,
  ) {
    this.trustsLeasesAt = performance.now() + store.leaseMs;
    this.beat = setInterval(() => void this.renew(), store.leaseMs / 3);
    this.beat.unref();
    void this.renew();
  }

  join(entries: readonly PresenceEntry[]): Promise<void> {
    for (const { id, text } of entries) {
      this.own.set(id, text);
      this.changed.add(id);
    }
    return this.carried();
  }

  leave(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      if (!this.own.delete(id)) continue;
      if (this.written.has(id)) this.changed.add(id);
      else this.changed.delete(id);
    }
    return this.carried();
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

  /** Nothing is left of it, nor told. Where the store is away, its lease ends by itself. */
  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.beat);
    clearTimeout(this.batch);
    this.giveUp();
    await this.store.remove(this.node).catch(() => undefined);
  }

  private carried(): Promise<void> {
    if (this.closed) return Promise.reject(closed());
    const carried = new Promise<void>((resolve, reject) => this.waiting.push({ resolve, reject }));
    this.writeSoon(BATCH_MS);
    return carried;
  }

  private writeSoon(ms: number): void {
    if (this.closed) return;
    this.batch ??= setTimeout(() => {
      this.batch = undefined;
      void this.write();
    }, ms).unref();
  }

  /** A beat: the lease of this node, and the end of others'. */
  private async renew(): Promise<void> {
    await this.write();
    if (this.closed || performance.now() < this.trustsLeasesAt) return;
    await reapDeadNodes(this.store, (entries) => this.listener.lost(entries)).catch(() => undefined);
  }

  private async write(): Promise<void> {
    if (this.writing || this.closed) return;
    this.writing = true;
    try {
      do {
        await this.writeBatch();
      } while (this.waiting.length > 0 && !this.closed);
    } catch {
      // Away: what is to be told is kept.
      this.writeSoon(RETRY_MS);
    } finally {
      this.writing = false;
      if (this.closed) this.giveUp();
    }
  }

  private async writeBatch(): Promise<void> {
    const { waiting, changed } = this;
    let ids = [...changed];
    this.changed = new Set();
    this.waiting = [];
    try {
      do {
        if (this.closed) throw closed();
        const step = ids.slice(0, STEP);
        ids = (await this.writeStep(step)) ? ids.slice(step.length) : await this.beginAnew(changed);
      } while (ids.length > 0);
    } catch (error) {
      for (const id of ids) this.changed.add(id);
      this.waiting = [...waiting, ...this.waiting];
      throw error;
    }
    for (const { resolve } of waiting) resolve();
    this.tellRestored();
  }

  /** @returns whether the store has of this node what it should have */
  private async writeStep(ids: readonly string[]): Promise<boolean> {
    const gone = ids.filter((id) => !this.own.has(id));
    const there = ids.flatMap((id) => (this.own.has(id) ? [{ id, text: this.own.get(id)! }] : []));
    // Before it is so: what changes while it is written is written after it.
    for (const { id } of there) this.written.add(id);
    for (const id of gone) this.written.delete(id);
    const { wasRunning, count } = await this.store.renew(this.node, gone, there);
    if (!wasRunning) this.trustsLeasesAt = performance.now() + this.store.leaseMs;
    return count === this.written.size;
  }

  /**
   * Others took this node for dead, or the store lost something: what it has there is not what it should be.
   *
   * @param changed those that are being written: nobody was told of them yet
   * @returns the ids to be written: all
   */
  private async beginAnew(changed: ReadonlySet<string>): Promise<string[]> {
    await this.store.clear(this.node);
    for (const id of this.written) if (!changed.has(id)) this.lost.add(id);
    this.written.clear();
    return [...this.own.keys()];
  }

  private tellRestored(): void {
    const restored = [...this.lost].flatMap((id) => {
      const text = this.own.get(id);
      return text === undefined ? [] : [{ id, text }];
    });
    this.lost.clear();
    if (restored.length > 0) void this.listener.restored(restored);
  }

  private giveUp(): void {
    for (const { reject } of this.waiting.splice(0)) reject(closed());
  }
}

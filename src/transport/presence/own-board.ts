import type { PresenceBoard, PresenceEntry } from '../abilities.js';
import { closed } from '../refusals.js';

/** Where one process is the hub, its own list is whole. */
export class OwnBoard implements PresenceBoard {
  private readonly own = new Map<string, PresenceEntry>();
  private closed = false;

  async join(entries: readonly PresenceEntry[]): Promise<void> {
    if (this.closed) throw closed();
    for (const entry of entries) this.own.set(entry.id, entry);
  }

  async leave(ids: readonly string[]): Promise<void> {
    if (this.closed) throw closed();
    for (const id of ids) this.own.delete(id);
  }

  list(): Promise<readonly PresenceEntry[]> {
    return Promise.resolve([...this.own.values()]);
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

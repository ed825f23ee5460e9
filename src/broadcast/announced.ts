import type { EntityMetadata } from 'typeorm';
import type { BroadcastOperation } from './broadcast-options.js';

/** What is said to come, and has not: how many of each operation on each entity. */
export class Announced {
  readonly #waiting = new Map<EntityMetadata, Partial<Record<BroadcastOperation, number>>>();

  add(metadata: EntityMetadata, operation: BroadcastOperation): void {
    const counts = this.#waiting.get(metadata) ?? {};
    counts[operation] = (counts[operation] ?? 0) + 1;
    this.#waiting.set(metadata, counts);
  }

  /** Whether it was said to come; then one less is. */
  take(metadata: EntityMetadata, operation: BroadcastOperation): boolean {
    const counts = this.#waiting.get(metadata);
    const count = counts?.[operation] ?? 0;
    if (!counts || count === 0) return false;
    counts[operation] = count - 1;
    return true;
  }

  clear(): void {
    this.#waiting.clear();
  }
}

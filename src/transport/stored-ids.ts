import type { Update } from '../update/update.js';
import type { OnceWindow } from './abilities.js';
import { bodyDigest } from './body-digest.js';
import { idConflict } from './refusals.js';

interface Stored {
  readonly digest: string;
  /** Monotonic milliseconds. */
  readonly at: number;
}

/** Which ids were stored lately, each with what; in the memory of one process. */
export class StoredIds {
  /** In the order they were stored. */
  private readonly byId = new Map<string, Stored>();

  /**
   * Takes updates for stored.
   *
   * @returns those of them that were not, each once
   * @throws MercureError ID_CONFLICT where one was stored with another body: then none is taken
   */
  take(updates: readonly Update[], { maxAgeMs, maxCount }: OnceWindow): Update[] {
    const at = performance.now();
    this.forget(maxAgeMs === 0 ? -Infinity : at - maxAgeMs, Infinity);
    const fresh = new Map<string, { readonly update: Update; readonly digest: string }>();
    for (const update of updates) {
      const digest = bodyDigest(update);
      const known = fresh.get(update.id) ?? this.byId.get(update.id);
      if (known && known.digest !== digest) throw idConflict(update.id);
      if (!known) fresh.set(update.id, { update, digest });
    }
    for (const [id, { digest }] of fresh) this.byId.set(id, { digest, at });
    this.forget(-Infinity, maxCount === 0 ? Infinity : maxCount);
    return [...fresh.values()].map(({ update }) => update);
  }

  private forget(before: number, maxCount: number): void {
    for (const [id, { at }] of this.byId) {
      if (at >= before && this.byId.size <= maxCount) return;
      this.byId.delete(id);
    }
  }
}

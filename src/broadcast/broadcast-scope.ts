import { AsyncLocalStorage } from 'node:async_hooks';

interface Scope {
  readonly suppressed?: true;
  readonly originator?: string | undefined;
}

/**
 * What holds for the writes of one caller. It is asked when a change is recorded, in the caller's context: on SQLite one
 * commit serves several callers, and its hook runs in the context of only one of them.
 */
export class BroadcastScope {
  /** Whether anything is told at all. */
  enabled = true;
  readonly #storage = new AsyncLocalStorage<Scope>();

  get isSilent(): boolean {
    return !this.enabled || this.#storage.getStore()?.suppressed === true;
  }

  /** Who makes the writes, as its own client knows itself. */
  get originator(): string | undefined {
    return this.#storage.getStore()?.originator;
  }

  suppress<T>(work: () => T): T {
    return this.#storage.run({ ...this.#storage.getStore(), suppressed: true }, work);
  }

  originate<T>(originator: string | undefined, work: () => T): T {
    return this.#storage.run({ ...this.#storage.getStore(), originator }, work);
  }
}

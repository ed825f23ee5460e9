import type { PresenceEntry } from '../abilities.js';

/** What a store has of a node whose lease was renewed. */
export interface Renewed {
  /** Whether the lease was still running: nobody has taken the node for dead. */
  readonly wasRunning: boolean;
  /** How many subscriptions it has. */
  readonly count: number;
}

/** The subscriptions of nodes, each node with a lease by the clock of the store. Everything rejects where that is away. */
export interface PresenceStore {
  /** How long a node that is silent counts as living. */
  readonly leaseMs: number;
  /** Renews a node's lease and writes what changed. */
  renew(node: string, gone: readonly string[], there?: readonly PresenceEntry[]): Promise<Renewed>;
  /** By whether their lease is running; of the dead, some. */
  nodes(): Promise<{ readonly living: readonly string[]; readonly dead: readonly string[] }>;
  /** Whether a dead node had something, which is now under the other name and nobody else's. */
  takeOver(dead: string, name: string): Promise<boolean>;
  /** The subscriptions of a node; one that changes meanwhile may be among them or not. */
  pagesOf(node: string): AsyncGenerator<readonly PresenceEntry[], void, void>;
  /** Drops its subscriptions, not its lease. */
  clear(node: string): Promise<void>;
  /** Drops both. */
  remove(node: string): Promise<void>;
}

import type { OpenTransaction, PresenceEntry } from '../transport/abilities.js';
import type { Transport } from '../transport/transport.js';

/** The optional interfaces of `Transport`, by the part of the contract that is played for each. */
export type Ability = 'once' | 'retained' | 'presence' | 'health' | 'joins';

/** Bounds a row asks of the store it is played on. Absent: as good as unbounded (tens of thousands of updates). */
export interface StoreBounds {
  readonly maxUpdates?: number;
  /** Milliseconds. */
  readonly maxAgeMs?: number;
}

/** A transaction on the database of the transport's log, that the row ends. */
export interface TransactionUnderTest {
  readonly transaction: OpenTransaction;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/**
 * A kind of transport, and what can be done to its stores from outside. `Store` is whatever the author needs to reach
 * one: a schema, a file, a prefix. The more of the optional functions there are, the more of the contract is played.
 */
export interface TransportUnderTest<Store> {
  /** Whether several nodes may be on one store at a time. */
  readonly nodes: 'one' | 'many';
  readonly durability: Transport['durability'];
  /** Those it has; a row sees to it that they are no more and no less. */
  readonly abilities: readonly Ability[];

  /** An empty store that nobody else uses, on which transports keep what these bounds say. */
  makeStore(bounds: StoreBounds): Promise<Store>;
  /** A node's transport on it, not started. */
  open(store: Store): Transport;
  /** Removes a store; its nodes are closed. */
  dropStore(store: Store): Promise<void>;

  /**
   * From now on appends take a random few milliseconds between taking their place in the store and being visible there
   * (a deferred trigger that sleeps, a delaying proxy): what a busy day does now and then.
   */
  slowDown?(store: Store): Promise<void>;
  /**
   * Makes the store unreachable for the nodes that are on it; resolves, when that is so, with what brings it back
   * with everything it had.
   */
  takeAway?(store: Store): Promise<() => Promise<void>>;
  /** Empties the store behind the nodes' back: what follows is another epoch. */
  wipe?(store: Store): Promise<void>;
  /**
   * Starts a node in a process of its own that joins these entries; resolves when they are carried, with what ends that
   * process without a goodbye (`kill -9`).
   */
  spawn?(store: Store, entries: readonly PresenceEntry[]): Promise<() => Promise<void>>;
  /** Begins a transaction; for transports that join some. */
  begin?(store: Store): Promise<TransactionUnderTest>;

  /** Milliseconds a row waits for what must come. A hang guard, never a measurement. Default 20,000. */
  readonly patienceMs?: number;
  /** Of the random choices, to repeat a run that failed: errors tell it. Default: another one each time. */
  readonly seed?: number;
}

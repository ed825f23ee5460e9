import type { Update } from '../update/update.js';
import type { Position, StoredUpdate, Transport } from './transport.js';

/** How long and how many ids are remembered, so that a publication that is sent again is stored once. */
export interface OnceWindow {
  /** Milliseconds. 0: as long as the count allows. */
  readonly maxAgeMs: number;
  /** Ids. 0: as many as the age allows. */
  readonly maxCount: number;
}

/** A transport that can store a publication once, whoever sends it again, on whatever node (option `idempotency`). */
export interface StoresOnce {
  /**
   * As `append`; an update whose id was stored by this within the window with the same body (everything but the id) is
   * not stored again, and one with another body refuses the call whole. Of two at the same time, on any nodes, one is
   * the first. What `append` stores is not looked at: the hub calls one or the other.
   *
   * @throws MercureError ID_CONFLICT (409) naming the id; what `append` throws
   */
  appendOnce(updates: readonly Update[], window: OnceWindow): Promise<void>;
}

/**
 * A transport that keeps the newest update of each topic, whatever its history drops (option `retain`). Of events about
 * subscriptions it keeps none.
 */
export interface RetainsUpdates {
  /** Keeps them from now on, of at most so many topics: past it those that were updated longest ago go. Before `start`. */
  retain(bounds: { readonly maxTopics: number }): void;
  /**
   * The newest updates of these exact topics, in order, each once. One that lies after `until` is left out: it is still
   * to be delivered.
   */
  latest(topics: readonly string[], until: Position): Promise<readonly StoredUpdate[]>;
}

/** What a node tells of one subscription. */
export interface PresenceEntry {
  /** Unique over all nodes. */
  readonly id: string;
  readonly text: string;
}

/** The subscriptions of all nodes. Where the store is away, what is to be carried waits until it is back. */
export interface PresenceBoard {
  /**
   * Entries of this node, carried in batches. Resolves when every node that asks lists them, or they have left again:
   * who is told of them then finds them in every list.
   *
   * @throws MercureError HUB_CLOSED where the transport is closed first
   */
  join(entries: readonly PresenceEntry[]): Promise<void>;
  /** By id. Resolves when no node that asks lists them any more. @throws MercureError HUB_CLOSED likewise */
  leave(ids: readonly string[]): Promise<void>;
  /** Of all nodes, this one's as they are now. @throws MercureError TRANSPORT_UNAVAILABLE */
  list(): Promise<readonly PresenceEntry[]>;
}

/** What a board finds out by itself. */
export interface PresenceListener {
  /**
   * What a node left behind that did not renew its lease, when no node lists it any more. One node is asked to tell of
   * it; should that one end before this has resolved, another is.
   */
  lost(entries: readonly PresenceEntry[]): Promise<void>;
  /** Entries of this node that others may have been told to be lost, and every node lists again: it had been silent for too long. */
  restored(entries: readonly PresenceEntry[]): Promise<void>;
}

/** A transport whose nodes know of each other's subscribers. */
export interface SharesPresence {
  /** Opens the board, after `start`. */
  openPresence(listener: PresenceListener): PresenceBoard;
}

/** A transport that can be away. */
export interface ReportsHealth {
  /** Resolves when the store answers within the transport's own time. @throws MercureError TRANSPORT_UNAVAILABLE saying why */
  check(): Promise<void>;
}

/** A transaction of the application's that is open; TypeORM's QueryRunner is one. */
export interface OpenTransaction {
  query(sql: string, parameters?: unknown[]): Promise<unknown>;
}

/** A transport whose log lies in a database of the application's, so that its transactions can write there. */
export interface JoinsTransactions {
  /** Whether the log lies in the database of this DataSource. */
  joins(dataSource: object): boolean;
  /**
   * Writes updates into an open transaction, as its last statement before COMMIT: they are stored with it, and delivered
   * after it, or never were. Nobody validates after it.
   *
   * @throws what the database throws: then the transaction must not be committed
   */
  appendWithin(transaction: OpenTransaction, updates: readonly Update[]): Promise<void>;
}

export function storesOnce(transport: Transport): transport is Transport & StoresOnce {
  return 'appendOnce' in transport;
}

export function retainsUpdates(transport: Transport): transport is Transport & RetainsUpdates {
  return 'latest' in transport;
}

export function sharesPresence(transport: Transport): transport is Transport & SharesPresence {
  return 'openPresence' in transport;
}

export function reportsHealth(transport: Transport): transport is Transport & ReportsHealth {
  return 'check' in transport;
}

export function joinsTransactions(transport: Transport): transport is Transport & JoinsTransactions {
  return 'appendWithin' in transport;
}

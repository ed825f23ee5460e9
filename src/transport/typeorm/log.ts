import type { Update } from '../../update/update.js';
import type { OnceWindow, OpenTransaction } from '../abilities.js';
import type { AppendKind, StoredUpdate } from '../transport.js';
import type { PresenceStore } from '../presence/presence-store.js';
import type { StoredOnce } from './once.js';
import type { RetainedTable } from './retained-table.js';

/** A number in a log's order. `Position` is the same with the life of the history it belongs to. */
export type Place = bigint;

/** Past every place. */
export const EVERYTHING: Place = 2n ** 63n - 1n;

export interface Entry {
  readonly update: Update;
  readonly kind: AppendKind;
}

/** A stored entry. */
export interface Row {
  readonly place: Place;
  readonly kind: AppendKind;
  readonly update: Update;
}

/** What a row costs, and since when, in milliseconds since 1970 by the clock of the store. */
export interface Weight {
  readonly place: Place;
  readonly kind: AppendKind;
  readonly bytes: number;
  readonly at: number;
}

/** What is remembered of a row. */
export interface Landmark {
  readonly place: Place;
  readonly id: string;
}

/** Up to where one kind of entries was dropped; `id` and `private` are those of the last one. */
export interface TrimPoint {
  readonly place: Place;
  readonly id?: string | undefined;
  readonly private?: boolean | undefined;
}

/** What a log says about itself. */
export interface LogState {
  /** Names one life of the history. */
  readonly epoch: string;
  readonly trimmed: Readonly<Record<AppendKind, TrimPoint>>;
}

/** Rows, and the state in the same glance. */
export interface LogPage extends LogState {
  readonly rows: readonly Row[];
  /** Whether the page ended for its size, not for want of rows. */
  readonly full: boolean;
  /** The place after these rows where one lies that is not what was stored. */
  readonly damaged?: Place | undefined;
}

/** How a node hears of what others store. */
export interface WakeUps {
  /**
   * Whether others ring: `heard`; `away`: not now; `pooled`: a pooler stands in between; `none`: nobody rings in this
   * engine. Nodes look by themselves as well, often where nobody rings.
   */
  readonly doorbell: 'heard' | 'away' | 'pooled' | 'none';
  /** Times this node rang, and heard another one ring. */
  readonly rung: number;
  readonly heard: number;
  /** How full the server's queue of notifications is, from 0 to 1; full, nobody rings. 0 where nobody does anyway. */
  readonly queue: number;
}

/** Where nobody rings. */
export const NO_BELL: WakeUps = { doorbell: 'none', rung: 0, heard: 0, queue: 0 };

/**
 * The log of one engine: an append-only table, and what is known of it. Asynchronous methods throw a StoreFault where the
 * store does not do what it is asked; `open` a MercureError that says what to do about it.
 */
export interface Log {
  readonly durability: 'process' | 'disk' | 'replicated';
  /** How often it must be looked for what others stored, when nobody tells. Milliseconds. */
  readonly pollMs: number;

  readonly retained: RetainedTable;
  /** The subscriptions of all nodes; absent where one process is all. Its connection is opened when it is used. */
  presence?(leaseMs: number): PresenceStore;

  /**
   * Counts the connections that write or follow. Behind a new one there may be another log, which was set back and gave
   * out places anew.
   */
  readonly connections: number;

  /** Connects, and makes the tables or checks that they are there and of this version. */
  open(): Promise<void>;
  /** The same, after the store was away. */
  reopen(): Promise<void>;
  close(): Promise<void>;

  /**
   * Stores entries whole or not at all, one after the other. Resolves with the place of the first, committed.
   *
   * @param deadline until when it may wait for its turn, by `performance.now()`
   */
  insert(entries: readonly Entry[], deadline: number): Promise<Place>;
  /** Stores what of several calls was not stored by this within the window, in one transaction with the look at it. */
  insertOnce(calls: readonly (readonly Entry[])[], window: OnceWindow, deadline: number): Promise<StoredOnce>;
  /** Stores as `insert` does, as part of a transaction of the application's. @throws what the database throws */
  insertWithin(transaction: OpenTransaction, entries: readonly Entry[]): Promise<void>;
  /** The committed rows after a place up to and including another: at most 500 or 1 MiB. */
  page(after: Place, until: Place, by: 'tail' | 'reader'): Promise<LogPage>;
  state(by: 'tail' | 'reader'): Promise<LogState>;
  /**
   * Begins another life where this one is still told: every node sees it, also one that had not been given what is missing.
   * Absent where one process is all.
   */
  renew?(epoch: string): Promise<void>;
  /** The greatest place there is or was, as far as it is visible. */
  greatest(): Promise<Place>;
  /** The rows at these places; those missing are left out. */
  rowsAt(places: readonly Place[]): Promise<readonly (Landmark & { readonly private: boolean })[]>;
  /** Of each id its first place after `after`; those missing are left out. */
  placesOf(ids: readonly string[], after: Place): Promise<ReadonlyMap<string, Place>>;
  /** When the oldest kept update was made, in milliseconds since 1970; undefined: none is kept. */
  oldestAt(): Promise<number | undefined>;
  /** Some thousand weights after a place, in order; none: there are no more up to `until`. */
  weigh(after: Place, until: Place, kinds: readonly AppendKind[]): Promise<readonly Weight[]>;
  /** The time by the clock of the store, in milliseconds since 1970. */
  clock(): Promise<number>;
  /**
   * Drops a few of one kind up to a place, the oldest first, and moves the trim point with them. Of updates all that lies
   * before them goes as well: nobody can read it any more.
   *
   * @returns how many; 0: there are no more, or another node does it
   */
  trim(kind: AppendKind, upTo: Place): Promise<number>;
  /** Resolves when the store answers. @param writing whether it has to show that it can be written to as well */
  probe(writing: boolean): Promise<void>;

  /**
   * Places without holes, but for what was dropped: one that is missing is committed, or will be, before those that come
   * after it.
   */
  readonly isDense?: boolean;
  /** Whether nothing can appear between two places. */
  isNext(place: Place, next: Place): boolean;
  /**
   * Names of those that may still commit a place below one that is visible; absent where places are given out in the
   * order of commits.
   */
  writers?(): Promise<ReadonlySet<string>>;
  /** Tells people who such writers are. */
  describe?(writers: ReadonlySet<string>): Promise<string>;
  /** Tells other nodes that there is something new. */
  ring?(): void;
  wakeUps(): WakeUps;
  /** Calls back when there may be something new that this node did not insert. */
  onRing(heard: () => void): void;
}

export function toStored({ place, update }: Row, epoch: number): StoredUpdate {
  return { position: toPosition(place, epoch), update };
}

/** @param epoch counts the lives of the history that this node saw */
export function toPosition(place: Place, epoch: number): string {
  return epoch === 0 ? place.toString() : `${place}@${epoch}`;
}

/** Undefined: the position is of another epoch. */
export function toPlace(position: string, epoch: number): Place | undefined {
  const [place, life = '0'] = position.split('@') as [string, string?];
  return Number(life) === epoch ? BigInt(place) : undefined;
}

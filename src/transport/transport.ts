import type { Update } from '../update/update.js';

/**
 * A place in one transport's total order. Opaque: only the transport that made it may compare it. It never
 * reaches the wire, where a cursor is always an update's id.
 */
export type Position = string;

export interface StoredUpdate {
  readonly position: Position;
  readonly update: Update;
}

/** Where a requested id stands in the history. */
export type Cursor =
  | { readonly found: true; readonly position: Position }
  /**
   * `expired` is said only of an id this hub made (a UUIDv7) that is older than the oldest kept update;
   * anything else that is not kept is `unknown`.
   */
  | { readonly found: false; readonly reason: 'unknown' | 'expired' };

/**
 * What is appended: publishers' updates, or the hub's own events about subscriptions. These share the order but have
 * bounds of their own, so that a storm of reconnections does not wipe the history.
 */
export type AppendKind = 'update' | 'presence';

/** Updates in order, and how far the reading got: the position to read on from, matched or not. */
export interface HistoryPage {
  readonly updates: readonly StoredUpdate[];
  readonly end: Position;
  /** Whether events about subscriptions are missing among them, dropped for their own bound. */
  readonly presenceDropped?: boolean;
}

/**
 * Where updates are ordered, kept and carried between nodes.
 *
 * **Order.** `append` gives every update a place in one total order; `onAppended` is called with every update
 * of every node in exactly that order, in batches, none skipped, none twice, starting after the position that
 * `start` returned. Updates of one `append` call are adjacent.
 * **Atomicity.** An `append` is stored whole or not at all. When its promise resolves, what `durability` says
 * holds; when it rejects with `TRANSPORT_UNAVAILABLE`, nothing is promised and the caller may try again.
 * **Validation.** Updates are valid when they arrive (`update/validate-update.ts`); a transport does not check
 * them again, and stores them byte for byte.
 * **Ids** need not be unique: `locate` finds the first occurrence that is kept.
 * **Loss.** What a transport may lose (old updates past its bounds, everything of `process` durability when the
 * process ends) is told by `locate` answering `found: false`, never by skipping.
 */
export interface Transport {
  /** What a resolved `append` means: kept by this process, on a disk, or on other machines too. */
  readonly durability: 'process' | 'disk' | 'replicated';

  /** Begins delivering; resolves with the position after which `onAppended` will deliver. */
  start(onAppended: (batch: readonly StoredUpdate[]) => void): Promise<Position>;

  /** Orders and stores the updates. @throws MercureError `TRANSPORT_UNAVAILABLE` (503) */
  append(updates: readonly Update[], kind?: AppendKind): Promise<void>;

  /** Finds a cursor in O(log n) or better. */
  locate(id: string): Promise<Cursor>;

  /** The position before the oldest kept update: what the cursor `earliest` means. */
  earliest(): Promise<Position>;

  /**
   * The kept updates after `after` up to and including `until`: at most 500 updates or 1 MiB a page, at least one
   * update where there is any. `end` equals `until` when nothing is left, and `after` where that lies beyond `until`.
   * `undefined` when `after` is no longer kept: what follows would have a hole.
   */
  read(after: Position, until: Position): Promise<HistoryPage | undefined>;

  /** Ends delivery and releases what the transport made. Further appends reject with `HUB_CLOSED`. */
  close(): Promise<void>;
}

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

/** Where a node begins. */
export interface StartPoint {
  /** The position after which `appended` will deliver. */
  readonly position: Position;
  /** The newest update at or before it; absent where nothing was ever stored. It outlives its row. */
  readonly newest?: { readonly id: string; readonly private: boolean };
}

/** The node, as its transport sees it. */
export interface TransportListener {
  /**
   * Takes updates over, in the transport's order. Where it returns a promise the node is behind: a transport that
   * reads from a store reads on when it has resolved. It never throws and never rejects.
   */
  appended(batch: readonly StoredUpdate[]): Promise<void> | undefined;
  /**
   * What came after the last update delivered is lost or uncertain: the store was emptied, came back without its newest
   * entries, or dropped for its bounds what this node had not been given yet. Delivery goes on after `position`, and
   * every stream of the node is told. To positions from before, `read` answers `undefined`.
   *
   * @param newest the newest update that is kept at or before it; absent where nothing is
   */
  gap(position: Position, newest?: StartPoint['newest']): void;
}

/**
 * Where updates are ordered, kept and carried between nodes. What it can do besides is told by the small interfaces of
 * `abilities.ts`.
 *
 * **Order.** `append` gives every update a place in one total order; `appended` is called with every update of every
 * node in exactly that order, in batches, none skipped, none twice, starting after the position that `start` returned.
 * Updates of one `append` call are adjacent. Of two calls by one node the first made comes first.
 * **Atomicity.** An `append` is stored whole or not at all. When its promise resolves, what `durability` says
 * holds; when it rejects with `TRANSPORT_UNAVAILABLE`, nothing is promised (it may have been stored, where the answer
 * was lost) and the caller may try again. Appends of other callers that travel in the same batch are not affected by one
 * that is refused for what it is.
 * **Delivery and acknowledgement** are apart: `appended` may be called before `append` resolves, or after.
 * **Validation.** Updates are valid when they arrive (`update/validate-update.ts`); a transport does not check
 * them again, and stores them byte for byte: NUL in `data`, ids of 512 bytes, whatever Unicode.
 * **Ids** need not be unique: `locate` finds the first occurrence that is kept, compared byte for byte.
 * **Epochs.** A history has one life: where the store was emptied or set back, what follows is another. A position of an
 * earlier epoch is never taken for one of this: `read` answers `undefined`, `locate` that it was not found. A store that
 * was away and lost nothing tells no gap.
 * **Loss.** What a transport may lose (old updates past its bounds, everything of `process` durability when the
 * process ends) is told by `locate` answering `found: false`, by `read` answering `undefined`, or to streams that are
 * live by `gap`; never by skipping.
 * **While the store is away** `append` waits within a bound and then rejects with `TRANSPORT_UNAVAILABLE`, `locate` and
 * `read` reject with it where the node cannot answer of its own, and delivery goes on by itself when it is back.
 *
 * What is said here is played, row by row, by `nestjs-mercure/testing` (`transportContract`).
 */
export interface Transport {
  /** What a resolved `append` means: kept by this process, on a disk, or on other machines too. */
  readonly durability: 'process' | 'disk' | 'replicated';

  /**
   * Begins delivering. Called once.
   *
   * @throws MercureError TRANSPORT_UNAVAILABLE, TRANSPORT_INVALID: with what to do about it
   */
  start(listener: TransportListener): Promise<StartPoint>;

  /** Orders and stores the updates. @throws MercureError `TRANSPORT_UNAVAILABLE` (503), `HUB_CLOSED` */
  append(updates: readonly Update[], kind?: AppendKind): Promise<void>;

  /** Finds a cursor in O(log n) or better. */
  locate(id: string): Promise<Cursor>;

  /** The position before the oldest kept update: what the cursor `earliest` means. */
  earliest(): Promise<Position>;

  /**
   * The kept updates after `after` up to and including `until`: at most 500 updates or 1 MiB a page, at least one
   * update where there is any. `end` equals `until` when nothing is left, and `after` where that lies beyond `until`, as
   * every position does beyond those of earlier epochs. `undefined` when `after` is no longer kept, or of another epoch: what follows would have a hole.
   */
  read(after: Position, until: Position): Promise<HistoryPage | undefined>;

  /** Ends delivery and releases what the transport made. Further appends reject with `HUB_CLOSED`. */
  close(): Promise<void>;
}

import type { Place } from './log.js';

/** The newest update of one topic, as it is stored. */
export interface RetainedRow {
  /** Stands for the topic. */
  readonly key: string;
  readonly place: Place;
  /** The update, as JSON. */
  readonly body: string;
}

/** The newest update of each topic, in one engine. Everything throws as a `Log` does. */
export interface RetainedTable {
  /**
   * Keeps those rows that are newer than what is kept of their topics, of about so many topics, and notes up to where the
   * table is whole. Nodes may do the same at the same time.
   */
  keep(rows: readonly RetainedRow[], wholeUpTo: Place, maxTopics: number): Promise<void>;
  /** In no order; those missing are left out. */
  find(keys: readonly string[]): Promise<readonly RetainedRow[]>;
  /** Up to where every update is in it, or a newer one of its topics; undefined: nobody has kept any. */
  wholeUpTo(): Promise<Place | undefined>;
}

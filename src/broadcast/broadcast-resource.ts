/** A declaration, as it is told to those who read the rows. */
export interface BroadcastResource {
  /**
   * The canonical topic of a row; undefined where a column of it is null or not known.
   *
   * @param row an entity, or an object with the members of one
   * @param others values of columns that the row does not have, by their names: a route's parameters
   */
  topicOf(row: object, others?: Readonly<Record<string, unknown>>): string | undefined;
  /** The topic of all rows, where there is one. */
  readonly collection: string | undefined;
  /** What updates carry. */
  readonly contentType: string;
  /** The event's name, where every update has the same. */
  readonly type: string | undefined;
}

/**
 * A process's access to an outbox's table, with the lock that makes it the only one that publishes. What the leader does
 * it does in the session that holds the lock: when the session is gone, so are its lock and its means.
 */
export interface OutboxSession {
  /** Whether this process leads, trying to where nobody does. @throws what the database throws */
  lead(): Promise<boolean>;

  /** Runs a statement of the table's own, outside any transaction. @throws what the database throws */
  query(sql: string, parameters?: unknown[]): Promise<unknown>;

  /**
   * Gives back the lock and the connection, and gives up what is asked; both are taken again when they are needed. Never
   * rejects.
   */
  reset(): Promise<void>;

  /** The same for good: whatever is asked later is refused. */
  close(): Promise<void>;
}

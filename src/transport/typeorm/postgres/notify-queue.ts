/** From here on it is told, at a million small ones; PostgreSQL's own log says it at a half. In ordinary use none waits. */
const TOLD_FROM = 0.01;

/** Answers how full it is, from 0 to 1. */
export const QUEUE_USAGE = 'SELECT pg_notification_queue_usage()';

/**
 * The notifications of a whole server that some listener has yet to take, 8 GB of them by default. One that listens and
 * stays in a transaction holds them all; when there is no room left, every commit that notifies fails, in all databases.
 */
export class NotifyQueue {
  /** As it was last seen, from 0 to 1. */
  usage = 0;
  private told = false;

  constructor(private readonly warn: (message: string) => void) {}

  /** Takes note, and tells once until there is room again. */
  see(usage: number): void {
    this.usage = usage;
    if (usage < TOLD_FROM) this.told = false;
    else if (!this.told) {
      this.told = true;
      this.warn(
        `PostgreSQL's queue of notifications is ${Math.floor(usage * 100)} % full: a session that listens stays in a ` +
          'transaction; end it (pg_stat_activity, the oldest xact_start). Updates of other nodes are looked for meanwhile.',
      );
    }
  }
}

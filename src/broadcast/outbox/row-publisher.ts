import { MercureError } from '../../errors.js';
import type { FaultLog } from '../fault-log.js';
import type { OutboxHub } from './outbox-hub.js';
import type { OutboxEntry } from './outbox.js';
import type { OutboxRow } from './outbox-rows.js';

/** A row of which the hub refused something for what it is. */
export interface RefusedRow {
  readonly position: unknown;
  /** What it refused; the rest is published. */
  readonly entries: readonly OutboxEntry[];
  readonly reason: string;
}

/**
 * Publishes rows, in order, each update once: what may have been published before, because a leader died or an answer
 * was lost, is looked for in the hub's history by its id. Where that does not outlive the hub it is published again,
 * under the same id.
 */
export class RowPublisher {
  #doubtfulUpTo = 0n;

  /** @param fate what becomes of what the hub refuses, as the end of a line in the log */
  constructor(
    private readonly hub: OutboxHub,
    private readonly faults: FaultLog,
    private readonly fate: string,
  ) {}

  /** Rows up to a position may have been published already. */
  doubt(position: unknown): void {
    const upTo = BigInt(String(position));
    if (upTo > this.#doubtfulUpTo) this.#doubtfulUpTo = upTo;
  }

  /**
   * Resolves with the rows that must be set aside, when the others are published. One that is refused does not take
   * the others along.
   *
   * @throws MercureError with a status of 500 or more: nothing is known of what was published
   */
  async publish(rows: readonly OutboxRow[]): Promise<RefusedRow[]> {
    const fresh: OutboxRow[] = [];
    for (const row of rows) fresh.push(this.#isDoubtful(row) ? await this.#unknown(row) : row);
    try {
      await this.#send(fresh.flatMap(({ entries }) => entries));
      return [];
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
    const refused: RefusedRow[] = [];
    for (const row of fresh) {
      const each = await this.#publishEach(row);
      if (each) refused.push(each);
    }
    return refused;
  }

  async #publishEach({ position, entries }: OutboxRow): Promise<RefusedRow | undefined> {
    const refused: OutboxEntry[] = [];
    let reason = '';
    for (const entry of entries) {
      try {
        await this.#send([entry]);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        refused.push(entry);
        reason = `${error.code}: ${error.message}`;
        this.faults.error(entry.what, error, `${error.remedy} ${this.fate}`);
      }
    }
    return refused.length > 0 ? { position, entries: refused, reason } : undefined;
  }

  #isDoubtful({ position }: OutboxRow): boolean {
    return BigInt(String(position)) <= this.#doubtfulUpTo;
  }

  /** What of a row the hub does not have. */
  async #unknown({ position, entries }: OutboxRow): Promise<OutboxRow> {
    const known = await Promise.all(entries.map(({ update }) => this.hub.knows(update.id)));
    return { position, entries: entries.filter((_, index) => !known[index]) };
  }

  async #send(entries: readonly OutboxEntry[]): Promise<void> {
    if (entries.length > 0) await this.hub.publish(entries.map(({ update }) => update));
  }
}

/** What the hub will not take later either. */
function isRefusal(error: unknown): error is MercureError {
  return error instanceof MercureError && error.status < 500;
}

import { createHash } from 'node:crypto';
import type { Update } from '../../update/update.js';
import { bytesOf } from '../update-ring.js';
import type { Log, Place, Row } from './log.js';
import type { RetainedRow } from './retained-table.js';

/** An update, where it is the newest of a topic. */
export interface Retained {
  readonly place: Place;
  readonly update: Update;
}

/** What changes within it is written together: of a topic that is busy only the newest. Milliseconds. */
const BATCH_MS = 50;
/** Between two tries while the store is away. Milliseconds. */
const RETRY_MS = 1000;
/** Of one transaction. */
const STEP_ROWS = 500;
const STEP_BYTES = 2 * 1024 * 1024;

/**
 * Keeps the newest update of each topic in a table. It is written behind delivery, so that no publication waits for it
 * and no transaction of the application's holds a topic; what a process that was killed had not written, the next one
 * reads from the log.
 */
export class RetainedTopics {
  /** By topic, in the order of the log: what is not written yet. */
  private pending = new Map<string, Retained>();
  /** Whether what was delivered to nobody who keeps it has been read. */
  private isWhole = false;
  private catchingUp: Promise<void> | undefined;
  private hasWritten = false;
  private writing: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;
  private delivered: Place;
  /** Of what this node had to write. */
  private writtenUpTo: Place = 0n;

  /** @param start after which rows will be noted */
  constructor(
    private readonly log: Log,
    private start: Place,
    private readonly maxTopics: number,
  ) {
    this.delivered = start;
    this.writeSoon(0);
  }

  /** Up to where the log is not needed any more: a node that is killed has nothing before it that only the log has. */
  get written(): Place {
    return this.hasWritten && this.pending.size === 0 ? this.delivered : this.writtenUpTo;
  }

  /** Of what was delivered. */
  note(rows: readonly Row[]): void {
    add(this.pending, rows, this.maxTopics);
    this.delivered = rows.at(-1)!.place;
    if (this.pending.size > 0) this.writeSoon(BATCH_MS);
  }

  /** The history is another one, or goes on elsewhere. */
  restart(place: Place): void {
    this.pending.clear();
    this.delivered = place;
    this.start = place;
    this.writtenUpTo = place;
    this.isWhole = true;
  }

  /** Of these topics, in order, each once, and none after `until`. @throws as `Log` */
  async latest(topics: readonly string[], until: Place): Promise<Retained[]> {
    if (topics.length === 0) return [];
    await this.catchUp();
    // Before the table is asked: what is written meanwhile is in one of both.
    const newest = new Map(topics.map((topic) => [keyOf(topic), this.pending.get(topic)]));
    for (const { key, place, body } of await this.log.retained.find([...newest.keys()])) {
      const noted = newest.get(key);
      if (!noted || noted.place < place) newest.set(key, { place, update: JSON.parse(body) as Update });
    }
    const found = [...newest.values()].filter((each) => each !== undefined && each.place <= until);
    const byPlace = new Map(found.map((each) => [each!.place, each!]));
    return [...byPlace.values()].toSorted((one, other) => (one.place < other.place ? -1 : 1));
  }

  /** Writes what is left, where the store takes it. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.writing;
    await this.writeAll().catch(() => undefined);
  }

  private writeSoon(ms: number): void {
    if (this.closed || this.writing) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.writing = this.write();
    }, ms).unref();
  }

  private async write(): Promise<void> {
    const isAway = await this.writeAll().then(
      () => false,
      () => true,
    );
    this.writing = undefined;
    if (isAway) this.writeSoon(RETRY_MS);
    else if (this.pending.size > 0) this.writeSoon(BATCH_MS);
  }

  private async writeAll(): Promise<void> {
    await this.catchUp();
    let isLast = this.pending.size === 0 && this.hasWritten;
    while (!isLast) {
      const step = takeStep(this.pending);
      isLast = step.length === this.pending.size;
      // Of the last one's own place another topic may be left.
      const wholeUpTo = isLast ? this.delivered : step.at(-1)![1].place - 1n;
      await this.log.retained.keep(step.map(toRow), wholeUpTo, this.maxTopics);
      this.hasWritten = true;
      this.writtenUpTo = wholeUpTo;
      for (const [topic, retained] of step) {
        if (this.pending.get(topic) === retained) this.pending.delete(topic);
      }
    }
  }

  private async catchUp(): Promise<void> {
    if (this.isWhole) return;
    this.catchingUp ??= this.readMissed().finally(() => (this.catchingUp = undefined));
    await this.catchingUp;
  }

  /** What is in the log, and in the table not yet. */
  private async readMissed(): Promise<void> {
    const { log, start, maxTopics } = this;
    const missed = new Map<string, Retained>();
    let after = (await log.retained.wholeUpTo()) ?? start;
    while (after < start) {
      const { rows, full, damaged } = await log.page(after, start, 'reader');
      add(missed, rows, maxTopics);
      if (!full) break;
      // What is damaged is nobody's.
      after = rows.at(-1)?.place ?? damaged!;
    }
    if (this.isWhole) return;
    for (const topic of this.pending.keys()) missed.delete(topic);
    this.pending = new Map([...missed, ...this.pending]);
    this.isWhole = true;
  }
}

function add(newest: Map<string, Retained>, rows: readonly Row[], maxTopics: number): void {
  for (const { place, kind, update } of rows) {
    if (kind === 'presence') continue;
    for (const topic of update.topics) {
      newest.delete(topic);
      newest.set(topic, { place, update });
    }
  }
  for (const topic of newest.keys()) {
    if (newest.size <= maxTopics) return;
    newest.delete(topic);
  }
}

function takeStep(pending: ReadonlyMap<string, Retained>): [topic: string, Retained][] {
  const step: [string, Retained][] = [];
  let bytes = 0;
  for (const each of pending) {
    if (step.length === STEP_ROWS || bytes >= STEP_BYTES) break;
    step.push(each);
    bytes += bytesOf(each[1].update);
  }
  return step;
}

function toRow([topic, { place, update }]: [topic: string, Retained]): RetainedRow {
  return { key: keyOf(topic), place, body: JSON.stringify(update) };
}

/** Of one length, for an index. */
function keyOf(topic: string): string {
  return createHash('sha256').update(topic).digest('base64');
}

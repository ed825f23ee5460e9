import type { RecentUpdates } from '../recent-updates.js';
import type { Position, TransportListener } from '../transport.js';
import type { Connection } from './connection.js';
import { follows, inOrder, type RawEntry, storedUpdate } from './entry.js';
import { type RawState, readPage } from './history.js';
import type { Keys } from './keys.js';
import { FIRST_THERE } from './lua/read.js';
import { OwnEntries } from './own-entries.js';
import { numberOf, placeOf, positionAt } from './position.js';
import { type Client, Script } from './script.js';

/** How long the server holds an empty answer back; as often the tail looks whether its history is still there. Milliseconds. */
const BLOCK_MS = 1000;
/** Entries of each stream in one answer; each may have a megabyte. A node that is further behind reads by pages. */
const COUNT = 100;
/** No stamp is greater. */
const ANY_STAMP = '18446744073709551615';
/** Pause after a failed try. Milliseconds. */
const PAUSE_MS = 100;
/** Entries back to which a common past is looked for, where the store lost its end. */
const MEMORY = 1000;
/** A new history that is no longer than this is delivered from its beginning. */
const NEW_HISTORY = 10_000;

const firstThere = new Script<string>(FIRST_THERE);

interface Look {
  readonly read: readonly RawEntry[];
  /** Epoch and newest entry; nothing where what follows the cursor would have a hole. */
  readonly state: RawState;
}

export interface TailOptions {
  readonly connection: Connection;
  readonly keys: Keys;
  readonly recent: RecentUpdates;
  readonly listener: TransportListener;
  /** Begins a history where there is none; answers the state. */
  readonly open: () => Promise<RawState>;
  readonly timeoutMs: number;
}

/** Reads both streams as they grow and delivers what comes, in order, and tells where something is missing. */
export class Tail {
  readonly own = new OwnEntries();
  private epoch: string;
  /** The last entry delivered. */
  private cursor: string;
  /** Entries delivered before it, oldest first. */
  private past: string[] = [];
  /** Numbers up to which events may be missing, which was told. */
  private toldUpTo = 0;
  /** The newest entry there was a moment ago. */
  private expected = 0;
  private heardAt = performance.now();
  private closed = false;
  private running: Promise<void> | undefined;

  constructor(
    private readonly options: TailOptions,
    start: Position,
  ) {
    const { epoch, entry } = placeOf(start);
    this.epoch = epoch;
    this.cursor = entry;
  }

  start(): void {
    this.running = this.run();
  }

  /** Milliseconds since the server last answered. */
  get silentMs(): number {
    return performance.now() - this.heardAt;
  }

  /** The connection is closed already. */
  async end(): Promise<void> {
    this.closed = true;
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.closed) {
      try {
        await this.options.connection.whenReady();
        if (!this.closed) await this.step();
      } catch {
        // Away, or busy becoming something else: delivery goes on from the cursor.
        await new Promise((resume) => setTimeout(resume, this.closed ? 0 : PAUSE_MS));
      }
    }
  }

  private async step(): Promise<void> {
    const { connection, timeoutMs } = this.options;
    const own = this.own.newestOf(this.epoch);
    const { read, state } = await connection.send((client) => this.look(client), BLOCK_MS + timeoutMs);
    if (this.closed) return;
    this.heardAt = performance.now();
    const [epoch, last] = state;
    if (epoch !== this.epoch || !last) return this.restart(read);
    if (numberOf(last) < own) return this.restart(read);
    const line = this.lineOf(read);
    const wasExpected = this.expected > numberOf(this.cursor);
    this.expected = numberOf(last);
    if (line.length > 0) return this.deliver(line);
    const isBehind = numberOf(last) > numberOf(this.cursor);
    // An entry may have come between the two answers; the next try must bring it.
    const isLost = read.length > 0 || (isBehind ? wasExpected : last !== this.cursor);
    if (isLost) await this.restart(read);
  }

  /** Waits for what comes next, or takes what is there where the node is behind. */
  private look(client: Client): Promise<Look> {
    return this.expected - numberOf(this.cursor) > COUNT ? this.lookBack(client) : this.lookOut(client);
  }

  private async lookOut(client: Client): Promise<Look> {
    const { keys } = this.options;
    const streams = [keys.stream, keys.presence, this.cursor, this.cursor] as const;
    const entries = client.xread('COUNT', COUNT, 'BLOCK', BLOCK_MS, 'STREAMS', ...streams);
    // Sent with it and answered after it: what was read is of this history, or of none that is left.
    const [found, state] = await Promise.all([entries, client.hmget(keys.meta, 'epoch', 'last')]);
    const [one = [], other = []] = (found ?? []).map(([, list]) => list as unknown as readonly RawEntry[]);
    return { read: inOrder(one, other), state };
  }

  /** More at a time, and bounded by bytes. */
  private async lookBack(client: Client): Promise<Look> {
    const args = [this.epoch, this.cursor, `${this.expected}-${ANY_STAMP}`];
    const page = await readPage.run(client, this.options.keys.history, args);
    return page ? { read: inOrder(page[1][0], page[2][0]), state: page[0] } : { read: [], state: [] };
  }

  /** The entries that follow the cursor without a hole. What lies behind a full answer of one stream comes next time. */
  private lineOf(read: readonly RawEntry[]): readonly RawEntry[] {
    let before = this.cursor;
    const hole = read.findIndex((each) => {
      const isNext = follows(before, each) || numberOf(each[0]) - 1 <= this.toldUpTo;
      before = each[0];
      return !isNext;
    });
    return hole === -1 ? read : read.slice(0, hole);
  }

  private async deliver(line: readonly RawEntry[]): Promise<void> {
    if (this.own.isMissingIn(this.epoch, line)) this.tell(this.cursor);
    const batch = line.map((each) => storedUpdate(this.epoch, each));
    this.cursor = line.at(-1)![0];
    this.past = [...this.past, ...line.map(([entry]) => entry)].slice(-MEMORY);
    this.options.recent.push(batch);
    await this.options.listener.appended(batch);
  }

  /**
   * The history is another, or an entry is missing: the one at the cursor, one that should follow it, one that this node
   * appended. Finds where to go on, and tells it.
   */
  private async restart(read: readonly RawEntry[]): Promise<void> {
    const [epoch, last, dropped, presenceDropped] = await this.options.open();
    if (!epoch || !last || !dropped || !presenceDropped) return;
    const isSame = epoch === this.epoch;
    this.epoch = epoch;
    this.own.cutAt(epoch, last);
    // What is missing among the entries that were read is told by this, once.
    this.toldUpTo = Math.max(numberOf(presenceDropped), isSame && read[0] ? numberOf(read[0][0]) - 1 : 0);
    this.tell(isSame ? await this.whereToGoOn(read, last, dropped) : beginningOf(last, dropped));
  }

  private async whereToGoOn(read: readonly RawEntry[], last: string, dropped: string): Promise<string> {
    if (numberOf(this.cursor) < numberOf(dropped)) return dropped;
    const common = await this.newestCommon();
    // What was read lies after the cursor, whatever became of what was before.
    return common ?? (read.length > 0 ? this.cursor : last);
  }

  /** Where the store lost its end: the newest entry that was delivered and is still there. */
  private async newestCommon(): Promise<string | undefined> {
    const { connection, keys } = this.options;
    const candidates = [...this.past].toReversed();
    if (candidates[0] !== this.cursor) candidates.unshift(this.cursor);
    const found = await connection.ask((client) => firstThere.run(client, keys.history, candidates));
    return found === '' ? undefined : found;
  }

  private tell(entry: string): void {
    const position = positionAt(this.epoch, entry);
    this.cursor = entry;
    this.past = this.past.slice(0, this.past.indexOf(entry) + 1);
    this.expected = 0;
    this.options.recent.restart(position);
    this.options.listener.gap(position);
  }
}

/** Of another history: all of it, unless it has a long past of its own. */
function beginningOf(last: string, dropped: string): string {
  return numberOf(last) - numberOf(dropped) > NEW_HISTORY ? last : dropped;
}

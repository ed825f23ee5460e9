import { timeOfId } from '../../update/update-id.js';
import type { Cursor, HistoryPage, Position, StoredUpdate } from '../transport.js';
import { bytesOf } from '../update-ring.js';
import { PAGE_BYTES, PAGE_UPDATES } from '../recent-updates.js';
import type { Connection } from './connection.js';
import { inOrder, type RawEntry, storedUpdate, updateFrom } from './entry.js';
import { unavailable } from './failures.js';
import type { Keys } from './keys.js';
import { LOCATE, READ } from './lua/read.js';
import { LATEST } from './lua/retain.js';
import { numberOf, placeOf, positionAt, timeOfEntry } from './position.js';
import { Script } from './script.js';

/** Epoch, newest entry, newest dropped update, newest dropped event. Nothing where there is no history. */
export type RawState = readonly (string | null)[];
type RawPage = readonly [entries: readonly RawEntry[], more: 0 | 1];

const locate = new Script<
  readonly [RawState, update: string, event: string, newestId: string, oldest: string]
>(LOCATE);
/** A page of both streams, as `lua/read.ts` answers it. */
export const readPage = new Script<readonly [RawState, RawPage, RawPage] | null>(READ);
const latest = new Script<
  readonly [epoch: string, readonly (readonly [entry: string, id: string, head: string, data: string])[]]
>(LATEST);

/** The history as it is kept in Redis. */
export class History {
  constructor(
    private readonly connection: Connection,
    private readonly keys: Keys,
  ) {}

  async locate(id: string): Promise<Cursor> {
    const [state, update, event, newestId, oldest] = await this.run(locate, [id]);
    const [epoch, last, dropped] = state;
    if (!epoch || !last || !dropped) return { found: false, reason: 'unknown' };
    const entry = [update, event]
      .filter((each) => each !== '')
      .toSorted((one, other) => numberOf(one) - numberOf(other))[0];
    // Of an event about a subscription that is older than the oldest update, what followed may be missing.
    if (entry !== undefined && numberOf(entry) >= numberOf(dropped)) {
      return { found: true, position: positionAt(epoch, entry) };
    }
    // Whoever has the newest has missed nothing, kept or not.
    if (id === newestId) return { found: true, position: positionAt(epoch, last) };
    const madeAt = timeOfId(id);
    const expired = madeAt !== undefined && oldest !== '' && madeAt < timeOfEntry(oldest);
    return { found: false, reason: expired ? 'expired' : 'unknown' };
  }

  async earliest(): Promise<Position> {
    const [epoch, dropped] = await this.connection.ask((client) =>
      client.hmget(this.keys.meta, 'epoch', 'dropped'),
    );
    if (epoch == null || dropped == null) throw unavailable('the history is being begun');
    return positionAt(epoch, dropped);
  }

  async read(after: Position, until: Position): Promise<HistoryPage | undefined> {
    const from = placeOf(after);
    const to = placeOf(until);
    // Then `until` is of an epoch whose end this node has not noticed yet: what follows `after` is still to come.
    const upTo = to.epoch === from.epoch ? to.entry : from.entry;
    const answer = await this.run(readPage, [from.epoch, from.entry, upTo]);
    if (!answer) return undefined;
    const [state, updates, events] = answer;
    const presenceDropped = numberOf(state[3]!) > from.number;
    const dropped = presenceDropped ? numberOf(state[3]!) : 0;
    const page = onePage(from.epoch, updates, events);
    if (hasHole(from.number, page, numberOf(upTo), dropped)) return undefined;
    const end = page.isWhole
      ? positionAt(from.epoch, from.number > numberOf(upTo) ? from.entry : upTo)
      : page.updates.at(-1)!.position;
    return { updates: page.updates, end, presenceDropped };
  }

  /** The retained updates of topics, up to a position. */
  async latest(topics: readonly string[], until: Position): Promise<readonly StoredUpdate[]> {
    if (topics.length === 0) return [];
    const to = placeOf(until);
    const [epoch, found] = await this.run(latest, topics);
    // Of another epoch than the node has reached: still to be delivered.
    if (epoch !== to.epoch) return [];
    return found
      .filter(([entry]) => numberOf(entry) <= to.number)
      .toSorted(([one], [other]) => numberOf(one) - numberOf(other))
      .map(([entry, id, head, data]) => ({
        position: positionAt(epoch, entry),
        update: updateFrom(id, head, data),
      }));
  }

  private run<Answer>(script: Script<Answer>, args: readonly string[]): Promise<Answer> {
    return this.connection.ask((client) => script.run(client, this.keys.history, args));
  }
}

interface MergedPage {
  readonly updates: readonly StoredUpdate[];
  readonly numbers: readonly number[];
  /** Whether nothing is left. */
  readonly isWhole: boolean;
}

/** Two pages in one order, as far as both go: 500 updates or a megabyte. */
function onePage(epoch: string, ofUpdates: RawPage, ofEvents: RawPage): MergedPage {
  const ends = [ofUpdates, ofEvents].flatMap(([entries, more]) =>
    more === 1 ? [numberOf(entries.at(-1)![0])] : [],
  );
  const end = Math.min(...ends);
  const updates: StoredUpdate[] = [];
  const numbers: number[] = [];
  let bytes = 0;
  for (const raw of inOrder(ofUpdates[0], ofEvents[0])) {
    const number = numberOf(raw[0]);
    if (updates.length === PAGE_UPDATES || bytes >= PAGE_BYTES || number > end)
      return { updates, numbers, isWhole: false };
    const stored = storedUpdate(epoch, raw);
    updates.push(stored);
    numbers.push(number);
    bytes += bytesOf(stored.update);
  }
  return { updates, numbers, isWhole: ends.length === 0 };
}

/** @param dropped holes up to this number are of events that were dropped */
function hasHole(after: number, { numbers, isWhole }: MergedPage, upTo: number, dropped: number): boolean {
  const ends = isWhole && upTo > after ? [...numbers, upTo + 1] : numbers;
  return ends.some((number, index) => number !== (ends[index - 1] ?? after) + 1 && number - 1 > dropped);
}

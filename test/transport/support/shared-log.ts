import { MercureError } from '../../../src/errors.js';
import type {
  AppendKind,
  Cursor,
  HistoryPage,
  Position,
  StartPoint,
  StoredUpdate,
} from '../../../src/transport/transport.js';
import type { StoreBounds } from '../../../src/testing/transport-under-test.js';
import { timeOfId } from '../../../src/update/update-id.js';
import type { Update } from '../../../src/update/update.js';

/** Ways to build a store wrong, each of which some row must find. Named by what is done. */
export type Fault =
  | 'polls past holes'
  | 'splits calls'
  | 'acknowledges before the commit'
  | 'delivers twice after an outage'
  | 'forgets what it acknowledged in an outage'
  | 'tells a gap after every outage'
  | 'is silent after a wipe'
  | 'takes positions of an earlier epoch'
  | 'skips what was trimmed'
  | 'does not point its index anew'
  | 'finds the last occurrence'
  | 'calls everything unknown'
  | 'forgets the newest id with its row'
  | 'counts presence as updates'
  | 'is silent about dropped presence'
  | 'reads past the position asked for'
  | 'gives pages without a bound'
  | 'folds case in ids'
  | 'normalises ids'
  | 'cuts data at NUL'
  | 'fails a whole group'
  | 'stores half a call'
  | 'skips what it had not delivered'
  | 'starts at the beginning'
  | 'starts without the newest'
  | 'delivers after close'
  | 'takes updates after close'
  | 'does not wait for a node that is behind'
  | 'checks for duplicates before it stores'
  | 'takes another body for the same'
  | 'stores the rest of a conflict'
  | 'never forgets ids'
  | 'retains without a bound'
  | 'retains what is still to come'
  | 'retains presence'
  | 'forgets retained with the history'
  | 'tells every node of the dead'
  | 'lists the dead'
  | 'is always well'
  | 'delivers before the commit'
  | 'loses its history'
  | 'reads the kinds apart'
  | 'gives other positions when reading'
  | 'makes publishers wait for its node'
  | 'refuses an empty append'
  | 'finds every id'
  | 'stores what is sent again'
  | 'gives retained updates as they were asked for'
  | 'retains only its own'
  | 'lists only its own'
  | 'lists who has left'
  | 'says that it carried what it did not'
  | 'keeps the entries of closed nodes';

interface Row {
  readonly number: number;
  readonly update: Update;
  readonly kind: AppendKind;
  readonly at: number;
}

export function closed(): MercureError {
  return new MercureError('HUB_CLOSED', 503, 'Service Unavailable', 'It is closed.');
}

export function unavailable(): MercureError {
  return new MercureError('TRANSPORT_UNAVAILABLE', 503, 'Service Unavailable', 'Try again.');
}

/** What a node of a log is told by it. */
export interface Tail {
  wake(): void;
}

/**
 * A store as databases are: places in the order are taken when a call begins, rows are seen when it commits, and any
 * number of nodes read them. It stands for the engines where the contract suite itself is under test, correct or with
 * one fault.
 */
export class SharedLog {
  readonly tails = new Set<Tail>();
  readonly taken = new Set<number>();
  rows: Row[] = [];
  away = false;
  slow = false;
  outages = 0;
  epoch = 1;
  /** Where an id was first stored. */
  private readonly firstOf = new Map<string, number>();
  private next = 1;
  dropped = 0;
  private presenceDropped = 0;
  newest: { readonly id: string; readonly private: boolean; readonly number: number } | undefined;

  constructor(
    readonly bounds: StoreBounds,
    readonly fault: Fault | undefined,
  ) {}

  is(...faults: Fault[]): boolean {
    return this.fault !== undefined && faults.includes(this.fault);
  }

  positionOf(number: number): Position {
    return this.is('takes positions of an earlier epoch') ? String(number) : `${this.epoch}.${number}`;
  }

  /** Undefined: of another epoch. */
  private numberOf(position: Position): number | undefined {
    const [epoch, number] = position.includes('.') ? position.split('.') : [String(this.epoch), position];
    return epoch === String(this.epoch) ? Number(number) : undefined;
  }

  take(count: number): number[] {
    const numbers = Array.from({ length: count }, () => this.next++);
    for (const number of numbers) this.taken.add(number);
    return numbers;
  }

  giveBack(numbers: readonly number[]): void {
    for (const number of numbers) this.taken.delete(number);
    for (const tail of this.tails) tail.wake();
  }

  commit(numbers: readonly number[], updates: readonly Update[], kind: AppendKind): void {
    const at = performance.now();
    for (const [index, number] of numbers.entries()) {
      const update = this.stored(updates[index]!);
      this.rows.push({ number, kind, update, at });
      if (!this.firstOf.has(update.id)) this.firstOf.set(update.id, number);
    }
    this.rows.sort((one, other) => one.number - other.number);
    const { number, update } = this.rows.at(-1)!;
    if (number > (this.newest?.number ?? 0)) this.newest = { id: update.id, private: update.private, number };
    this.trim();
    this.giveBack(numbers);
  }

  wipe(): void {
    this.rows = [];
    this.newest = undefined;
    this.dropped = this.presenceDropped = 0;
    this.epoch++;
    for (const tail of this.tails) tail.wake();
  }

  /** Up to where nothing can appear any more. */
  get settled(): number {
    const open = this.is('polls past holes') ? Infinity : Math.min(Infinity, ...this.taken);
    return Math.min(open - 1, this.newest?.number ?? 0);
  }

  after(number: number, until: number, count: number): Row[] {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.rows[middle]!.number > number) high = middle;
      else low = middle + 1;
    }
    const page: Row[] = [];
    for (let index = low; index < this.rows.length && page.length < count; index++) {
      if (this.rows[index]!.number > until) break;
      page.push(this.rows[index]!);
    }
    return page;
  }

  start(): StartPoint {
    const number = this.is('starts at the beginning') ? 0 : this.settled;
    const row = this.rows.findLast((each) => each.number <= number)?.update;
    const newest = row ?? (this.newest?.number === number ? this.newest : undefined);
    return {
      position: this.positionOf(number),
      ...(newest &&
        !this.is('starts without the newest') && { newest: { id: newest.id, private: newest.private } }),
    };
  }

  locate(id: string): Cursor {
    this.trim();
    const same = this.comparison(id);
    const rows = this.rows.filter(({ update }) => this.comparison(update.id) === same);
    const found = this.is('finds the last occurrence') ? rows.at(-1) : rows[0];
    const isIndexed = !this.is('does not point its index anew') || found?.number === this.firstOf.get(id);
    if (found && isIndexed) return { found: true, position: this.positionOf(found.number) };
    if (id === this.newest?.id && !this.is('forgets the newest id with its row')) {
      return { found: true, position: this.positionOf(this.newest.number) };
    }
    if (this.is('finds every id')) return { found: true, position: this.positionOf(this.settled) };
    const madeAt = timeOfId(id);
    const oldest = this.rows.find(({ kind }) => kind === 'update');
    const bornAt = oldest && Date.now() - (performance.now() - oldest.at);
    const expired = madeAt !== undefined && bornAt !== undefined && madeAt < bornAt - 1;
    return { found: false, reason: expired && !this.is('calls everything unknown') ? 'expired' : 'unknown' };
  }

  earliest(): Position {
    this.trim();
    return this.positionOf(this.dropped);
  }

  read(after: Position, until: Position): HistoryPage | undefined {
    this.trim();
    const from = this.numberOf(after);
    if (from === undefined || (from < this.dropped && !this.is('skips what was trimmed'))) return undefined;
    const end = this.is('reads past the position asked for') ? Infinity : (this.numberOf(until) ?? -1);
    const presenceDropped = from < this.presenceDropped && !this.is('is silent about dropped presence');
    const updates: StoredUpdate[] = [];
    let bytes = 0;
    const most = this.is('gives pages without a bound') ? 1e9 : 500;
    for (const { number, update } of this.after(from, end, most)) {
      if (bytes >= 2 ** 20 && most === 500) break;
      const other = this.is('gives other positions when reading') && updates.length > 1 ? '0' : '';
      updates.push({ position: this.positionOf(number) + other, update });
      bytes += update.data.length;
    }
    if (this.is('reads the kinds apart')) updates.sort((one) => (one.update.private ? 1 : -1));
    const last = updates.at(-1)?.position;
    const rest = last === undefined ? [] : this.after(this.numberOf(last)!, end, 1);
    const endOfPage = from > end ? after : rest.length === 0 ? until : (last ?? after);
    return { updates, end: endOfPage, presenceDropped };
  }

  private comparison(id: string): string {
    if (this.is('folds case in ids')) return id.toLowerCase();
    return this.is('normalises ids') ? id.normalize() : id;
  }

  private stored(update: Update): Update {
    return this.is('cuts data at NUL') ? { ...update, data: update.data.split('\0')[0]! } : update;
  }

  private trim(): void {
    const { maxUpdates = Infinity, maxAgeMs = Infinity } = this.bounds;
    const shared = this.is('counts presence as updates');
    const kinds = { update: shared ? Infinity : maxUpdates, presence: shared ? maxUpdates : 10_000 };
    const young = performance.now() - maxAgeMs;
    for (const kind of ['update', 'presence'] as const) {
      const rows = this.rows.filter((row) => shared || row.kind === kind);
      let over = rows.length - kinds[kind];
      const gone = new Set(rows.filter(({ at }, index) => index < over || (kind === 'update' && at < young)));
      over = gone.size;
      if (over === 0) continue;
      const last = rows[over - 1]!.number;
      if (kind === 'update' || shared) this.dropped = Math.max(this.dropped, last);
      else this.presenceDropped = last;
      this.rows = this.rows.filter((row) => !gone.has(row));
    }
  }
}

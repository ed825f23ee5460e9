import { MercureError } from '../../../src/errors.js';
import type {
  OnceWindow,
  OpenTransaction,
  PresenceBoard,
  PresenceListener,
} from '../../../src/transport/abilities.js';
import type {
  AppendKind,
  Cursor,
  HistoryPage,
  Position,
  StartPoint,
  StoredUpdate,
  Transport,
  TransportListener,
} from '../../../src/transport/transport.js';
import type { Update } from '../../../src/update/update.js';
import { closed, type SharedLog, unavailable } from './shared-log.js';

const turn = (): Promise<void> => new Promise((resume) => setImmediate(resume));
const pause = (ms: number): Promise<void> => new Promise((resume) => setTimeout(resume, ms));

/** A transaction of this store: what is written into it, until it ends. */
export interface SharedTransaction extends OpenTransaction {
  readonly written: { readonly numbers: readonly number[]; readonly updates: readonly Update[] }[];
}

/** What nodes share besides the log. */
export class SharedState {
  readonly once = new Map<
    string,
    { readonly body: string; readonly at: number; readonly stored: Promise<void> }
  >();
  readonly retained = new Map<string, { readonly number: number; readonly update: Update }>();
  readonly boards = new Map<object, Map<string, string>>();
  readonly mourners = new Set<PresenceListener>();
}

/** A node on a shared log: the reference by which the contract suite is tested. */
export class SharedNode implements Transport {
  readonly durability = 'disk';
  private listener: TransportListener | undefined;
  private at = 0;
  private epoch = 1;
  private outages = 0;
  private running = false;
  private isClosed = false;
  private behind: Promise<void> | undefined;
  private maxTopics: number | undefined;
  private readonly retained: SharedState['retained'];
  private lastOfCalls: Promise<void> = Promise.resolve();

  constructor(
    private readonly log: SharedLog,
    private readonly shared: SharedState,
  ) {
    this.retained = log.is('retains only its own') ? new Map() : shared.retained;
  }

  async start(listener: TransportListener): Promise<StartPoint> {
    await turn();
    this.listener = listener;
    const point = this.log.start();
    this.at = Number(point.position.split('.').at(-1));
    this.epoch = this.log.epoch;
    this.outages = this.log.outages;
    this.log.tails.add(this);
    return point;
  }

  async append(updates: readonly Update[], kind: AppendKind = 'update'): Promise<void> {
    const { log } = this;
    if (this.isClosed && !log.is('takes updates after close')) throw closed();
    if (log.away) throw unavailable();
    if (updates.length === 0 && !log.is('refuses an empty append')) return;
    if (updates.length === 0) throw unavailable();
    if (log.is('makes publishers wait for its node')) await this.behind;
    if (log.is('forgets what it acknowledged in an outage') && log.outages === 1) return;
    if (log.is('splits calls')) {
      await Promise.all(updates.map((update) => this.insert([update], kind)));
    } else {
      await this.insert(updates, kind);
    }
  }

  private insert(updates: readonly Update[], kind: AppendKind): Promise<void> {
    const { log } = this;
    const numbers = log.is('splits calls') && Math.random() < 0.5 ? undefined : log.take(updates.length);
    const committed = this.commit(this.lastOfCalls, numbers, updates, kind);
    if (log.is('fails a whole group')) this.lastOfCalls = committed;
    committed.catch(() => undefined);
    return log.is('acknowledges before the commit') ? Promise.resolve() : committed;
  }

  private async commit(
    before: Promise<void>,
    taken: readonly number[] | undefined,
    updates: readonly Update[],
    kind: AppendKind,
  ): Promise<void> {
    const { log } = this;
    await before;
    const numbers = taken ?? log.take(updates.length);
    if (log.slow) await pause(Math.random() * 4);
    else await turn();
    // As a column of JSON does: no half characters.
    if (updates.some((update) => /\\ud[89a-f]/.test(JSON.stringify(update)))) {
      if (log.is('stores half a call')) log.commit(numbers.slice(0, 1), updates.slice(0, 1), kind);
      log.giveBack(numbers);
      throw unavailable();
    }
    this.retainAll(numbers, updates, kind);
    log.commit(numbers, updates, kind);
  }

  async locate(id: string): Promise<Cursor> {
    await turn();
    if (this.log.away) throw unavailable();
    return this.log.locate(id);
  }

  async earliest(): Promise<Position> {
    await turn();
    return this.log.earliest();
  }

  async read(after: Position, until: Position): Promise<HistoryPage | undefined> {
    await turn();
    if (this.log.away) throw unavailable();
    return this.log.read(after, until);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    if (!this.log.is('delivers after close')) this.log.tails.delete(this);
    if (!this.log.is('keeps the entries of closed nodes')) this.shared.boards.delete(this);
    await turn();
  }

  wake(): void {
    if (this.running) return;
    this.running = true;
    setImmediate(() => void this.deliver());
  }

  private async deliver(): Promise<void> {
    const { log } = this;
    this.noticeOutages();
    if (this.epoch !== log.epoch) {
      this.epoch = log.epoch;
      this.at = log.rows[0] ? log.rows[0].number - 1 : log.settled;
      if (!log.is('is silent after a wipe')) this.listener!.gap(log.positionOf(this.at));
    }
    for (;;) {
      if (this.at < log.dropped && !log.is('skips what it had not delivered')) {
        this.at = log.dropped;
        this.listener!.gap(log.positionOf(this.at));
      }
      const rows = log.away ? [] : log.after(this.at, log.settled, 100);
      if (rows.length === 0 || (this.isClosed && !log.is('delivers after close'))) break;
      this.at = rows.at(-1)!.number;
      const behind = this.listener!.appended(
        rows.map(({ number, update }) => ({ position: log.positionOf(number), update })),
      );
      this.behind = behind;
      if (!log.is('does not wait for a node that is behind')) await behind;
    }
    this.running = false;
  }

  private noticeOutages(): void {
    const { log } = this;
    if (this.outages === log.outages) return;
    this.outages = log.outages;
    if (log.is('tells a gap after every outage')) this.listener!.gap(log.positionOf(this.at));
    if (log.is('delivers twice after an outage')) this.at = Math.max(0, this.at - 1);
  }

  // --- abilities ---

  async appendOnce(updates: readonly Update[], { maxAgeMs, maxCount }: OnceWindow): Promise<void> {
    const { once } = this.shared;
    const { log } = this;
    const now = performance.now();
    for (const [id, { at }] of once) {
      const isOver = (maxAgeMs !== 0 && now - at > maxAgeMs) || (maxCount !== 0 && once.size > maxCount);
      if (isOver && !log.is('never forgets ids')) once.delete(id);
    }
    if (log.is('checks for duplicates before it stores')) await turn();
    const fresh = new Map<string, string>();
    const earlier: Promise<void>[] = [];
    for (const update of updates) {
      const body = JSON.stringify(update);
      const known = fresh.get(update.id) ?? once.get(update.id)?.body;
      if (known === undefined || log.is('stores what is sent again')) fresh.set(update.id, body);
      else if (known !== body && !log.is('takes another body for the same')) {
        if (log.is('stores the rest of a conflict')) await this.append(updates.slice(0, 1));
        throw new MercureError('ID_CONFLICT', 409, 'Conflict', `The id ${update.id} is taken.`);
      } else if (once.has(update.id)) earlier.push(once.get(update.id)!.stored);
    }
    if (log.is('checks for duplicates before it stores')) await turn();
    const stored = this.append(
      updates.filter((update) => fresh.get(update.id) === JSON.stringify(update) && fresh.delete(update.id)),
    );
    for (const { id, ...rest } of updates) {
      if (!once.has(id)) once.set(id, { body: JSON.stringify({ id, ...rest }), at: now, stored });
    }
    await Promise.all([stored, ...earlier]);
  }

  retain({ maxTopics }: { readonly maxTopics: number }): void {
    this.maxTopics = maxTopics;
  }

  private retainAll(numbers: readonly number[], updates: readonly Update[], kind: AppendKind): void {
    const { log } = this;
    if (this.maxTopics === undefined || (kind === 'presence' && !log.is('retains presence'))) return;
    const { retained } = this;
    for (const [index, update] of updates.entries()) {
      for (const topic of update.topics) {
        const known = retained.get(topic);
        if (known && known.number > numbers[index]!) continue;
        retained.delete(topic);
        retained.set(topic, { number: numbers[index]!, update });
        const [oldest] = retained.keys();
        if (retained.size > this.maxTopics && !log.is('retains without a bound')) retained.delete(oldest!);
      }
    }
  }

  async latest(topics: readonly string[], until: Position): Promise<readonly StoredUpdate[]> {
    await turn();
    const { log } = this;
    const end = Number(until.split('.').at(-1));
    const found = topics.flatMap((topic) => this.retained.get(topic) ?? []);
    return [...new Map(found.map((each) => [each.number, each])).values()]
      .filter(({ number }) => number <= end || log.is('retains what is still to come'))
      .filter(({ update }) => !log.is('forgets retained with the history') || log.locate(update.id).found)
      .toSorted((one, other) =>
        log.is('gives retained updates as they were asked for') ? 0 : one.number - other.number,
      )
      .map(({ number, update }) => ({ position: log.positionOf(number), update }));
  }

  openPresence(listener: PresenceListener): PresenceBoard {
    const own = new Map<string, string>();
    this.shared.boards.set(this, own);
    this.shared.mourners.add(listener);
    return {
      join: (entries) => {
        const carry = (): void => {
          for (const { id, text } of entries) own.set(id, text);
        };
        if (this.log.is('says that it carried what it did not')) setTimeout(carry, 10);
        else carry();
        return turn();
      },
      leave: (ids) => {
        if (!this.log.is('lists who has left')) for (const id of ids) own.delete(id);
        return turn();
      },
      list: async () => {
        await turn();
        const boards = this.log.is('lists only its own') ? [own] : [...this.shared.boards.values()];
        return boards.flatMap((board) => [...board].map(([id, text]) => ({ id, text })));
      },
    };
  }

  async check(): Promise<void> {
    await turn();
    if (this.log.away && !this.log.is('is always well')) throw unavailable();
  }

  joins(): boolean {
    return true;
  }

  async appendWithin(transaction: OpenTransaction, updates: readonly Update[]): Promise<void> {
    await turn();
    const numbers = this.log.take(updates.length);
    if (this.log.is('delivers before the commit')) this.log.commit(numbers, updates, 'update');
    else (transaction as SharedTransaction).written.push({ numbers, updates });
  }
}

import type { Update } from '../../update/update.js';
import type {
  PresenceBoard,
  PresenceListener,
  ReportsHealth,
  RetainsUpdates,
  SharesPresence,
  StoresOnce,
} from '../abilities.js';
import { closed } from '../refusals.js';
import { RecentUpdates } from '../recent-updates.js';
import type {
  AppendKind,
  Cursor,
  HistoryPage,
  Position,
  StartPoint,
  StoredUpdate,
  Transport,
  TransportListener,
} from '../transport.js';
import {
  errorOf,
  type FromWorker,
  type Hello,
  type Line,
  type Method,
  type Question,
  type ToTell,
  type ToWorker,
} from './messages.js';

/** What a worker keeps in front of the primary: the clients of a worker that come back at once read its own memory. */
const RING = { maxUpdates: 10_000, maxBytes: 64 * 1024 * 1024 };

interface Waiting {
  readonly method: Method;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The transport of the primary process, as a worker reaches it: what is asked in one tick is one message.
 *
 * @throws MercureError TRANSPORT_UNAVAILABLE where the primary is gone
 */
export async function openWorkerTransport(
  line: Line<ToWorker, FromWorker>,
): Promise<Transport & SharesPresence & ReportsHealth> {
  const asker = new WorkerTransport(line);
  const { durability, abilities } = await asker.hello();
  const able: Partial<StoresOnce & RetainsUpdates> = {};
  if (abilities.includes('appendOnce')) {
    able.appendOnce = (updates, window) => asker.ask('appendOnce', updates, window);
  }
  if (abilities.includes('latest')) {
    able.retain = (bounds) => void (asker.retained = bounds);
    able.latest = (topics, until) => asker.ask('latest', topics, until);
  }
  return Object.assign(asker, { durability }, able);
}

class WorkerTransport implements Transport, SharesPresence, ReportsHealth {
  readonly durability: Hello['durability'] = 'process';
  #count = 0;
  #asked: Question[] = [];
  readonly #waiting = new Map<number, Waiting>();
  #listener: TransportListener | undefined;
  #ring = new RecentUpdates(RING, '');
  /** What is to be retained, from the start on. */
  retained: { readonly maxTopics: number } | undefined;
  /** Deliveries that came with the answer to `start`, before whoever awaits it has run. */
  #held: ToWorker[] | undefined;
  #presence: PresenceListener | undefined;
  #taken = 0;
  #closed = false;

  constructor(private readonly line: Line<ToWorker, FromWorker>) {
    line.onMessage((message) => this.#take(message));
    line.onClosed(() => this.#giveUp());
  }

  hello(): Promise<Hello> {
    return this.ask('hello');
  }

  start(listener: TransportListener): Promise<StartPoint> {
    this.#listener = listener;
    return this.ask('start', this.retained);
  }

  append(updates: readonly Update[], kind: AppendKind = 'update'): Promise<void> {
    return this.ask('append', updates, kind);
  }

  locate(id: string): Promise<Cursor> {
    return this.ask('locate', id);
  }

  earliest(): Promise<Position> {
    return this.ask('earliest');
  }

  async read(after: Position, until: Position): Promise<HistoryPage | undefined> {
    return this.#ring.read(after, until) ?? this.ask('read', after, until);
  }

  openPresence(listener: PresenceListener): PresenceBoard {
    this.#presence = listener;
    return {
      join: (entries) => this.ask('join', entries),
      leave: (ids) => this.ask('leave', ids),
      list: () => this.ask('listPresence'),
    };
  }

  /** Of the whole: where the primary does not answer, nothing is well here either. */
  check(): Promise<void> {
    return this.ask('check');
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  /** Asks the transport in the primary. */
  ask<T>(method: Method, ...args: readonly unknown[]): Promise<T> {
    if (this.#closed) return Promise.reject(closed());
    if (this.#asked.length === 0) setImmediate(() => this.line.send({ ask: this.#asked.splice(0) }));
    const number = ++this.#count;
    this.#asked.push({ number, method, args });
    return new Promise<T>((resolve, reject) => this.#waiting.set(number, { method, resolve, reject }));
  }

  #take(message: ToWorker): void {
    if ('answer' in message) this.#settle(message);
    else if (this.#closed && !('tell' in message)) return;
    else if (this.#held) this.#held.push(message);
    else if ('appended' in message) this.#deliver(message.appended);
    else if ('tell' in message) void this.#tell(message);
    else {
      this.#ring.restart(message.gap);
      this.#listener?.gap(message.gap, message.newest);
    }
  }

  async #tell({ tell, number, entries }: ToTell): Promise<void> {
    try {
      await this.#presence?.[tell](entries);
      this.line.send({ told: number });
    } catch {
      // It is closing: another worker tells it.
    }
  }

  #settle(answer: Extract<ToWorker, { answer: number }>): void {
    const waiting = this.#waiting.get(answer.answer)!;
    this.#waiting.delete(answer.answer);
    if ('fault' in answer) {
      waiting.reject(errorOf(answer.fault));
      return;
    }
    if (waiting.method === 'start') this.#begin(answer.value as StartPoint);
    waiting.resolve(answer.value as never);
  }

  #begin({ position }: StartPoint): void {
    this.#ring.restart(position);
    this.#held = [];
    setImmediate(() => {
      const held = this.#held ?? [];
      this.#held = undefined;
      for (const message of held) this.#take(message);
    });
  }

  #deliver(batch: readonly StoredUpdate[]): void {
    this.#ring.push(batch);
    const behind = this.#listener?.appended(batch);
    if (behind) void behind.then(() => this.#tookOne());
    else this.#tookOne();
  }

  /** So that the primary knows how far this worker is behind. */
  #tookOne(): void {
    if (this.#taken++ > 0) return;
    setImmediate(() => {
      if (!this.#closed) this.line.send({ taken: this.#taken });
      this.#taken = 0;
    });
  }

  #giveUp(): void {
    this.#closed = true;
    for (const { reject } of this.#waiting.values()) reject(closed());
    this.#waiting.clear();
  }
}

import {
  type PresenceBoard,
  type PresenceEntry,
  type RetainsUpdates,
  reportsHealth,
  retainsUpdates,
  sharesPresence,
  storesOnce,
} from '../abilities.js';
import { bytesOf } from '../update-ring.js';
import type { StartPoint, StoredUpdate, Transport } from '../transport.js';
import {
  faultOf,
  type FromWorker,
  type Hello,
  type Line,
  type Method,
  type Question,
  type ToWorker,
} from './messages.js';
import { Telling } from './telling.js';

/** What a worker may be behind before appends wait for it, and how long they do. */
const MAX_BEHIND_BYTES = 64 * 1024 * 1024;
const MAX_WAIT_MS = 10_000;

type RetainBounds = Parameters<RetainsUpdates['retain']>[0];

/** A worker, as its primary sees it. */
interface Worker {
  readonly line: Line<FromWorker, ToWorker>;
  /** Whether deliveries are sent: from the answer to `start` on. */
  following: boolean;
  /** Of each batch sent and not taken over yet. */
  readonly behind: number[];
  behindBytes: number;
  readonly present: Map<string, PresenceEntry>;
}

/**
 * Serves one transport to the workers of one machine: the primary process holds it, so that any transport will do, and
 * its order is theirs. An update crosses one line to each worker, whatever number of streams is there.
 */
export class TransportHost {
  readonly #workers = new Set<Worker>();
  #start: Promise<void> | undefined;
  /** Where deliveries stand: what a worker that starts now begins after. */
  #point: StartPoint = { position: '' };
  #batch: StoredUpdate[] = [];
  #board: PresenceBoard | undefined;
  readonly #telling = new Telling<Worker>(
    () => this.#following()[0],
    (worker, message) => this.#send(worker, message),
  );
  readonly #caughtUp = new Set<() => void>();

  /** @param onStuck called with the line of a worker that takes nothing: it should be ended */
  constructor(
    private readonly transport: Transport,
    private readonly onStuck: (line: Line<FromWorker, ToWorker>) => void,
  ) {}

  /** Serves a worker until its line closes. */
  serve(line: Line<FromWorker, ToWorker>): void {
    const worker: Worker = { line, following: false, behind: [], behindBytes: 0, present: new Map() };
    this.#workers.add(worker);
    line.onMessage((message) => this.#take(worker, message));
    line.onClosed(() => void this.#gone(worker).catch(() => undefined));
  }

  /** Ends the transport; to be called when the workers are gone. */
  close(): Promise<void> {
    return this.transport.close();
  }

  #take(worker: Worker, message: FromWorker): void {
    if ('ask' in message) for (const question of message.ask) void this.#answer(worker, question);
    else if ('taken' in message) this.#tookOver(worker, message.taken);
    else this.#telling.told(message.told);
  }

  async #answer(worker: Worker, { number, method, args }: Question): Promise<void> {
    try {
      if (method === 'start') await this.#startFor(worker, number, args[0] as RetainBounds | undefined);
      else this.#send(worker, { answer: number, value: await this.#do(worker, method, args) });
    } catch (error) {
      this.#send(worker, { answer: number, fault: faultOf(error) });
    }
  }

  async #do(worker: Worker, method: Method, args: readonly unknown[]): Promise<unknown> {
    const { transport } = this;
    switch (method) {
      case 'hello':
        return this.#hello();
      case 'join':
        return this.#join(worker, args[0] as readonly PresenceEntry[]);
      case 'leave':
        return this.#leave(worker, args[0] as readonly string[]);
      case 'listPresence':
        return (
          this.#sharedBoard()?.list() ?? [...this.#workers].flatMap(({ present }) => [...present.values()])
        );
      case 'check':
        return reportsHealth(transport) ? transport.check() : undefined;
      case 'append':
      case 'appendOnce':
        await this.#untilTaken();
    }
    const call = transport[method as 'append'] as ((...given: readonly unknown[]) => unknown) | undefined;
    return call?.apply(transport, args as never);
  }

  #hello(): Hello {
    const { transport } = this;
    const abilities: Hello['abilities'][number][] = [];
    if (storesOnce(transport)) abilities.push('appendOnce');
    if (retainsUpdates(transport)) abilities.push('latest');
    return { durability: transport.durability, abilities };
  }

  async #startFor(worker: Worker, number: number, retain: RetainBounds | undefined): Promise<void> {
    this.#start ??= this.#startTransport(retain);
    await this.#start;
    // In one turn: what this worker is given follows the position it is told.
    this.#flush();
    this.#send(worker, { answer: number, value: this.#point });
    worker.following = true;
    this.#telling.begin();
  }

  async #startTransport(retain: RetainBounds | undefined): Promise<void> {
    const { transport } = this;
    if (retain && retainsUpdates(transport)) transport.retain(retain);
    this.#point = await transport.start({
      appended: (batch) => this.#deliver(batch),
      gap: (position, newest) => {
        this.#flush();
        this.#point = { position, ...(newest && { newest }) };
        for (const worker of this.#following()) this.#send(worker, { gap: position, newest });
      },
    });
  }

  /** Everything delivered in one tick crosses in one message. */
  #deliver(batch: readonly StoredUpdate[]): Promise<void> | undefined {
    if (this.#batch.length === 0) setImmediate(() => this.#flush());
    for (const stored of batch) this.#batch.push(stored);
    return this.#isBehind() ? this.#untilTaken() : undefined;
  }

  #flush(): void {
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    const { position, update } = batch.at(-1)!;
    this.#point = { position, newest: { id: update.id, private: update.private } };
    const bytes = batch.reduce((sum, stored) => sum + bytesOf(stored.update), 0);
    for (const worker of this.#following()) {
      worker.behind.push(bytes);
      worker.behindBytes += bytes;
      this.#send(worker, { appended: batch });
    }
  }

  #following(): Worker[] {
    return [...this.#workers].filter(({ following }) => following);
  }

  #tookOver(worker: Worker, batches: number): void {
    for (const bytes of worker.behind.splice(0, batches)) worker.behindBytes -= bytes;
    this.#lookWhoWaits();
  }

  #isBehind(): boolean {
    return [...this.#workers].some(({ behindBytes }) => behindBytes > MAX_BEHIND_BYTES);
  }

  /** Back-pressure of the slowest worker; one that takes nothing for too long must not hold the others. */
  async #untilTaken(): Promise<void> {
    if (!this.#isBehind()) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        for (const { behindBytes, line } of this.#workers)
          if (behindBytes > MAX_BEHIND_BYTES) this.onStuck(line);
      }, MAX_WAIT_MS);
      this.#caughtUp.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #lookWhoWaits(): void {
    if (this.#caughtUp.size === 0 || this.#isBehind()) return;
    for (const resume of this.#caughtUp) resume();
    this.#caughtUp.clear();
  }

  /** The board of other machines, where the transport has one. */
  #sharedBoard(): PresenceBoard | undefined {
    const { transport } = this;
    if (!this.#board && sharesPresence(transport)) {
      this.#board = transport.openPresence({
        lost: (entries) => this.#telling.tell('lost', entries),
        restored: (entries) => this.#telling.tell('restored', entries),
      });
    }
    return this.#board;
  }

  async #join({ present }: Worker, entries: readonly PresenceEntry[]): Promise<void> {
    for (const entry of entries) present.set(entry.id, entry);
    await this.#sharedBoard()?.join(entries);
  }

  async #leave({ present }: Worker, ids: readonly string[]): Promise<void> {
    for (const id of ids) present.delete(id);
    await this.#sharedBoard()?.leave(ids);
  }

  async #gone(worker: Worker): Promise<void> {
    this.#workers.delete(worker);
    this.#lookWhoWaits();
    this.#telling.gone(worker);
    if (worker.present.size === 0) return;
    await this.#sharedBoard()?.leave([...worker.present.keys()]);
    await this.#telling.tell('lost', [...worker.present.values()]);
  }

  #send(worker: Worker, message: ToWorker): void {
    if (this.#workers.has(worker)) worker.line.send(message);
  }
}

import { MercureError } from '../../errors.js';
import type { Update } from '../../update/update.js';
import type { OnceWindow } from '../abilities.js';
import type { AppendKind } from '../transport.js';
import { bytesOf } from '../update-ring.js';
import { unavailable } from './failures.js';

/** Updates in one call of the script: what it does at once nobody else's commands come between. */
const CALL_UPDATES = 200;
const CALL_BYTES = 1024 * 1024;
/** What may wait while the server is away. Past it publishers are refused at once. */
const QUEUE_BYTES = 64 * 1024 * 1024;

/** The updates of one `append`: stored whole, or not at all. */
export interface Publication {
  readonly updates: readonly Update[];
  readonly kind: AppendKind | 'once';
  readonly window: OnceWindow | undefined;
  readonly bytes: number;
  /** By `performance.now()`. */
  readonly deadline: number;
  /** Travels alone: in the call it was part of something failed. */
  alone: boolean;
  settled: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Publications that wait to be sent, in order. */
export class AppendQueue {
  private waiting: Publication[] = [];
  private bytes = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly timeoutMs: number) {}

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  /** Resolves when it is stored. @throws MercureError TRANSPORT_UNAVAILABLE where it would wait too long, or too much waits */
  add(updates: readonly Update[], kind: Publication['kind'], window?: OnceWindow): Promise<void> {
    const bytes = updates.reduce((sum, update) => sum + bytesOf(update), 0);
    if (!this.isEmpty && this.bytes + bytes > QUEUE_BYTES) {
      return Promise.reject(unavailable('too much waits for Redis'));
    }
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + this.timeoutMs;
      const rest = { alone: false, settled: false, resolve, reject };
      this.waiting.push({ updates, kind, window, bytes, deadline, ...rest });
      this.bytes += bytes;
      if (this.waiting.length === 1) this.watch();
    });
  }

  /** Back in front; those that were refused meanwhile are not sent again. */
  putBack(publications: readonly Publication[], how: 'together' | 'alone'): void {
    const rest = publications.filter(({ settled }) => !settled);
    if (how === 'alone') for (const each of rest) each.alone = true;
    this.waiting.unshift(...rest);
    this.bytes += rest.reduce((sum, { bytes }) => sum + bytes, 0);
    this.watch();
  }

  /** The next call: of one window, and of a bounded size unless one publication alone is larger. */
  take(): readonly Publication[] {
    const [first] = this.waiting;
    if (!first) return [];
    let updates = 0;
    let bytes = 0;
    const end = this.waiting.findIndex((each, index) => {
      updates += each.updates.length;
      bytes += each.bytes;
      const isTooMuch = updates > CALL_UPDATES || bytes > CALL_BYTES;
      return index > 0 && (isTooMuch || each.alone || first.alone || !isSameWindow(each, first));
    });
    const taken = this.waiting.splice(0, end === -1 ? this.waiting.length : end);
    for (const each of taken) this.bytes -= each.bytes;
    this.watch();
    return taken;
  }

  /** Refuses all that waits. */
  rejectAll(error: MercureError): void {
    for (const each of this.waiting.splice(0)) settle(each, error);
    this.bytes = 0;
    clearTimeout(this.timer);
  }

  /** One timer for all: the first has waited longest. */
  private watch(): void {
    clearTimeout(this.timer);
    const [first] = this.waiting;
    if (first) this.timer = setTimeout(() => this.expire(), Math.max(0, first.deadline - performance.now()));
  }

  private expire(): void {
    const now = performance.now();
    while (this.waiting[0] && this.waiting[0].deadline <= now) {
      const expired = this.waiting.shift()!;
      this.bytes -= expired.bytes;
      settle(expired, unavailable('Redis is away'));
    }
    this.watch();
  }
}

export function settle(publication: Publication, error?: unknown): void {
  if (publication.settled) return;
  publication.settled = true;
  if (error === undefined) publication.resolve();
  else publication.reject(error);
}

function isSameWindow({ window: one }: Publication, { window: other }: Publication): boolean {
  return (
    one === undefined ||
    other === undefined ||
    (one.maxAgeMs === other.maxAgeMs && one.maxCount === other.maxCount)
  );
}

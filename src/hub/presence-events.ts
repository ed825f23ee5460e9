import { MercureError } from '../errors.js';
import type { Update } from '../update/update.js';

/** Pause between two tries while the transport is away. Milliseconds. */
const RETRY_MS = 1000;
/** Events that wait for it; past it the oldest are let go, as the history does with those it keeps. */
const MAX_WAITING = 10_000;
/** Events of one try. */
const STEP = 1000;

interface Waiting {
  readonly events: readonly Update[];
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** Events about subscriptions on their way into the history. While the transport is away they wait: who follows them would be wrong for ever. */
export class PresenceEvents {
  private waiting: Waiting[] = [];
  private count = 0;

  /** @param append orders and stores events; throws MercureError TRANSPORT_UNAVAILABLE, HUB_CLOSED */
  constructor(private readonly append: (events: readonly Update[]) => Promise<void>) {}

  /** Resolves when they are stored, or let go. @throws what `append` throws, but TRANSPORT_UNAVAILABLE */
  async tell(events: readonly Update[]): Promise<void> {
    if (this.waiting.length > 0) return this.wait(events);
    try {
      await this.append(events);
    } catch (error) {
      if (!isAway(error)) throw error;
      await this.wait(events);
    }
  }

  private wait(events: readonly Update[]): Promise<void> {
    return new Promise((done, failed) => {
      this.waiting.push({ events, done, failed });
      this.count += events.length;
      while (this.count > MAX_WAITING && this.waiting.length > 1) this.take(1)[0]!.done();
      if (this.waiting.length === 1) void this.retry();
    });
  }

  private async retry(): Promise<void> {
    while (this.waiting.length > 0) {
      await new Promise((resume) => setTimeout(resume, RETRY_MS).unref());
      await this.flush();
    }
  }

  /** Everything that waits, as far as it is taken. */
  private async flush(): Promise<void> {
    while (this.waiting.length > 0) {
      const first = this.waiting.slice(0, STEP);
      try {
        await this.append(first.flatMap(({ events }) => events));
      } catch (error) {
        if (isAway(error)) return;
        for (const { failed } of this.take(this.waiting.length)) failed(error);
        return;
      }
      // Some may have been let go meanwhile.
      const stored = new Set(first);
      const count = this.waiting.findIndex((each) => !stored.has(each));
      for (const { done } of this.take(count === -1 ? this.waiting.length : count)) done();
    }
  }

  private take(count: number): Waiting[] {
    const taken = this.waiting.splice(0, count);
    for (const { events } of taken) this.count -= events.length;
    return taken;
  }
}

function isAway(error: unknown): boolean {
  return error instanceof MercureError && error.code === 'TRANSPORT_UNAVAILABLE';
}

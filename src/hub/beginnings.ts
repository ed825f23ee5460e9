import type { Subscriber } from '../subscriber/subscriber.js';
import { retainsUpdates } from '../transport/abilities.js';
import type { Cursor } from '../transport/transport.js';
import { beginWithRetained, catchUp, type CatchUpContext } from './catch-up.js';
import type { Dispatcher } from './dispatcher.js';
import type { Heartbeats } from './heartbeats.js';
import { History } from './history.js';
import type { HubOptions } from './hub-options.js';
import { Replays } from './replays.js';
import { exactTopics, Retained } from './retained.js';
import type { Slices } from './slices.js';

/** How streams begin: from a cursor through the history, with what is retained of their topics, or live at once. */
export class Beginnings {
  private readonly context: CatchUpContext;
  private readonly retained: Retained | undefined;

  /** Before the transport is started: it retains from then on. */
  constructor(
    { transport, retain, hubUrl, gapEvents }: HubOptions,
    private readonly dispatcher: Dispatcher,
    private readonly heartbeats: Heartbeats,
    slices: Slices,
  ) {
    const replays = new Replays(slices, hubUrl);
    this.context = { history: new History(transport), dispatcher, replays, hubUrl, gapEvents };
    if (!retain || !retainsUpdates(transport)) return;
    transport.retain(retain);
    this.retained = new Retained(transport, replays);
  }

  /** Where a requested id stands; undefined while the transport cannot say. */
  async locate(requested: string): Promise<Cursor | undefined> {
    try {
      return await this.context.history.locate(requested);
    } catch {
      return undefined;
    }
  }

  /** Resolves when the stream is live, or over. */
  async begin(subscriber: Subscriber, requested?: string, located?: Cursor): Promise<void> {
    const { context, retained } = this;
    if (requested) {
      await catchUp(subscriber, requested, located, context);
    } else if (retained && exactTopics(subscriber.audience).length > 0) {
      await beginWithRetained(subscriber, retained, context);
      if (!subscriber.closed) this.heartbeats.beatLast(subscriber);
    } else {
      this.dispatcher.goLiveNow(subscriber);
    }
  }

  /** Another history has begun. */
  forget(): void {
    this.context.history.forget();
  }

  /** What was kept for others who come in the same seconds. */
  forgetOld(): void {
    this.context.history.forgetOld();
    this.context.replays.forget();
    this.retained?.forget();
  }
}

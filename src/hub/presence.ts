import { payloadFor } from '../authorization/payload-for.js';
import type { Subscriber } from '../subscriber/subscriber.js';
import type { Subscription } from '../subscriber/subscription.js';
import type { Update } from '../update/update.js';

export interface PresenceOptions {
  readonly hubUrl: URL;
  /** Writes the event that tells of a subscription. */
  readonly tell: (subscription: Subscription, active: boolean) => Update;
  /** Orders and stores the events. */
  readonly append: (events: readonly Update[]) => void;
}

/**
 * Who is subscribed to what: told to others as it changes, and listed on request. Only of subscribers that were told
 * to be there; one whose registration failed never was.
 */
export class Presence {
  private readonly present = new Map<Subscriber, readonly Subscription[]>();

  constructor(private readonly options: PresenceOptions) {}

  /** After the subscriber has its place, so that one who follows its own subscription is told of it. */
  arrived(subscriber: Subscriber): void {
    if (subscriber.wishes.length === 0) return;
    const subscriptions = subscriber.wishes.map((wish) => ({
      wish,
      subscriber: subscriber.id,
      payload: payloadFor(subscriber.grants, wish.matcher.pattern, this.options),
    }));
    this.present.set(subscriber, subscriptions);
    this.options.append(subscriptions.map((subscription) => this.options.tell(subscription, true)));
  }

  left(subscriber: Subscriber): void {
    const subscriptions = this.present.get(subscriber);
    if (!subscriptions) return;
    this.present.delete(subscriber);
    this.options.append(subscriptions.map((subscription) => this.options.tell(subscription, false)));
  }

  list(): Subscription[] {
    return [...this.present.values()].flat();
  }
}

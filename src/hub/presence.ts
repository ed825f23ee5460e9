import { payloadFor } from '../authorization/payload-for.js';
import { MercureError } from '../errors.js';
import type { Subscriber } from '../subscriber/subscriber.js';
import type { Subscription } from '../subscriber/subscription.js';
import type { PresenceBoard, PresenceEntry, PresenceListener } from '../transport/abilities.js';
import type { Update } from '../update/update.js';
import { PresenceEvents } from './presence-events.js';

export interface PresenceOptions {
  readonly hubUrl: URL;
  /** Writes the event that tells of a subscription. */
  readonly tell: (subscription: Subscription, active: boolean) => Update;
  /** Orders and stores the events. @throws MercureError TRANSPORT_UNAVAILABLE, HUB_CLOSED */
  readonly append: (events: readonly Update[]) => Promise<void>;
  readonly onFault: (error: unknown) => void;
}

/** A subscriber that is there. */
interface Present {
  readonly subscriptions: readonly Subscription[];
  /** Resolves when its arrival is told, or will not be. */
  arrival: Promise<void>;
  /** Whether others may have been told of its arrival. */
  told: boolean;
  left: boolean;
}

/**
 * Who is subscribed to what: told to others as it changes, and listed on request, of all nodes where the transport has a
 * board for it. Only of subscribers that were told to be there; one whose registration failed never was.
 *
 * A change is told when every list has it: whoever lists, and then follows the events from before that list, misses
 * none.
 */
export class Presence {
  private readonly present = new Map<Subscriber, Present>();
  private readonly telling = new Set<Promise<void>>();
  private readonly events: PresenceEvents;
  private board: PresenceBoard | undefined;

  constructor(private readonly options: PresenceOptions) {
    this.events = new PresenceEvents(options.append);
  }

  /** Shares what is told and listed with other nodes. Before anybody arrives. */
  share(open: (listener: PresenceListener) => PresenceBoard): void {
    this.board = open({
      lost: (entries) => this.tell(entries.map(readEntry), false),
      restored: (entries) => this.tell(entries.map(readEntry), true),
    });
  }

  /** After the subscriber has its place, so that one who follows its own subscription is told of it. */
  arrived(subscriber: Subscriber): void {
    if (subscriber.wishes.length === 0) return;
    const subscriptions = subscriber.wishes.map((wish) => ({
      wish,
      subscriber: subscriber.id,
      payload: payloadFor(subscriber.grants, wish.matcher.pattern, this.options),
    }));
    const present: Present = { subscriptions, arrival: Promise.resolve(), told: false, left: false };
    this.present.set(subscriber, present);
    present.arrival = this.keep(this.tellArrival(present));
  }

  left(subscriber: Subscriber): void {
    const present = this.present.get(subscriber);
    if (!present) return;
    this.present.delete(subscriber);
    present.left = true;
    void this.keep(this.tellLeaving(present));
  }

  /** Of all nodes. @throws MercureError TRANSPORT_UNAVAILABLE */
  async list(): Promise<Subscription[]> {
    if (this.board) return (await this.board.list()).map(readEntry);
    return [...this.present.values()].flatMap(({ subscriptions }) => subscriptions);
  }

  /** Resolves when everything is told; undefined: it is already. */
  settled(): Promise<void> | undefined {
    return this.telling.size === 0 ? undefined : Promise.all(this.telling).then(() => undefined);
  }

  private async tellArrival(present: Present): Promise<void> {
    const carried = this.board?.join(entriesOf(present));
    if (carried) await carried;
    // Gone before anybody was told that it is there.
    if (present.left) return;
    present.told = true;
    await this.tell(present.subscriptions, true);
  }

  private async tellLeaving(present: Present): Promise<void> {
    const carried = this.board?.leave(entriesOf(present).map(({ id }) => id));
    await Promise.all([carried, present.arrival]);
    if (present.told) await this.tell(present.subscriptions, false);
  }

  private tell(subscriptions: readonly Subscription[], active: boolean): Promise<void> {
    return this.events.tell(subscriptions.map((subscription) => this.options.tell(subscription, active)));
  }

  private keep(work: Promise<void>): Promise<void> {
    const kept = work
      .catch((error: unknown) => {
        if (!isClosed(error)) this.options.onFault(error);
      })
      .then(() => void this.telling.delete(kept));
    this.telling.add(kept);
    return kept;
  }
}

function entriesOf({ subscriptions }: Present): PresenceEntry[] {
  return subscriptions.map((subscription, index) => ({
    id: `${subscription.subscriber}#${index}`,
    text: JSON.stringify(subscription),
  }));
}

function readEntry({ text }: PresenceEntry): Subscription {
  return JSON.parse(text) as Subscription;
}

/** What could not be told for it, another node tells. */
function isClosed(error: unknown): boolean {
  return error instanceof MercureError && error.code === 'HUB_CLOSED';
}

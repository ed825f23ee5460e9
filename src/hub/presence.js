import { payloadFor } from '../authorization/payload-for.js';
/**
 * Who is subscribed to what: told to others as it changes, and listed on request. Only of subscribers that were told
 * to be there; one whose registration failed never was.
 */
export class Presence {
    options;
    present = new Map();
    constructor(options) {
        this.options = options;
    }
    /** After the subscriber has its place, so that one who follows its own subscription is told of it. */
    arrived(subscriber) {
        if (subscriber.wishes.length === 0)
            return;
        const subscriptions = subscriber.wishes.map((wish) => ({
            wish,
            subscriber: subscriber.id,
            payload: payloadFor(subscriber.grants, wish.matcher.pattern, this.options.base),
        }));
        this.present.set(subscriber, subscriptions);
        this.options.append(subscriptions.map((subscription) => this.options.tell(subscription, true)));
    }
    left(subscriber) {
        const subscriptions = this.present.get(subscriber);
        if (!subscriptions)
            return;
        this.present.delete(subscriber);
        this.options.append(subscriptions.map((subscription) => this.options.tell(subscription, false)));
    }
    list() {
        return [...this.present.values()].flat();
    }
}
//# sourceMappingURL=presence.js.map
/**
 * All subscribers that ask for the same topics with the same grants: they are matched once, encoded for once, and
 * written the same bytes. What differs between them (deadline, position, sink) stays with each.
 */
export class Audience {
    key;
    listens;
    granted;
    /** Those that are live; one that is still catching up is not in here. */
    subscribers = new Set();
    /** Updates of the flush under way. */
    batch = [];
    /** The earliest deadline among the live: a flush looks at the clock once per audience, not once per stream. */
    earliestDeadline = Infinity;
    /** Subscribers of any state that hold this audience. */
    holders = 0;
    constructor(key, listens, granted) {
        this.key = key;
        this.listens = listens;
        this.granted = granted;
    }
    add(subscriber) {
        this.subscribers.add(subscriber);
        this.earliestDeadline = Math.min(this.earliestDeadline, subscriber.deadline);
    }
    /** Whether an update of the history is for this audience, judged without the index. */
    receives(topics, isPrivate) {
        return reaches(this.listens, topics) && (!isPrivate || reaches(this.granted, topics));
    }
    /** Takes the updates gathered for the flush. */
    takeBatch() {
        const taken = this.batch;
        this.batch = [];
        return taken;
    }
}
function reaches(entries, topics) {
    return entries.some(({ compiled }) => topics.some((topic) => compiled.matches(topic)));
}
//# sourceMappingURL=audience.js.map
import { randomUUID } from 'node:crypto';
/** One listener's life: registered, catching up, live in its audience, closed. The hub moves it along. */
export class Subscriber {
    audience;
    wishes;
    grants;
    client;
    endsAt;
    expiresAt;
    /** The hub's own name for this connection, in subscription events. */
    id = `urn:uuid:${randomUUID()}`;
    sink;
    closed;
    /** The flush during which it went live: that flush's updates came from the history. Infinity: not live. */
    liveSince = Infinity;
    /** The number of the newest update it was sent or cursor it was told, in this node's count. */
    told = 0;
    /** Monotonic milliseconds of the last bytes given to it. */
    lastSentAt = 0;
    /** What the slow-reader check last saw of its sink, and when that last changed. */
    seenProgress = 0;
    progressAt = 0;
    constructor(audience, 
    /** What it asked for, as others are told of it; none: it is not told of. */
    wishes, grants, 
    /** By what its connections are counted: a token's subject, else an address. */
    client, 
    /** Monotonic milliseconds at which its lifetime is over, and at which its token expires. */
    endsAt, expiresAt) {
        this.audience = audience;
        this.wishes = wishes;
        this.grants = grants;
        this.client = client;
        this.endsAt = endsAt;
        this.expiresAt = expiresAt;
    }
    /** When it must be over, whatever the cause: monotonic milliseconds. */
    get deadline() {
        return Math.min(this.endsAt, this.expiresAt);
    }
    /** Hands a frame to the sink and notes when, for heartbeats, and up to which update, for cursors. */
    send(frame, told, now) {
        this.sink?.send(frame);
        this.told = told;
        this.lastSentAt = now;
    }
}
//# sourceMappingURL=subscriber.js.map
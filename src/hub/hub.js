import { Subject } from 'rxjs';
import { MercureError } from '../errors.js';
import { Frame } from '../sse/frame.js';
import { Audiences } from '../subscriber/audiences.js';
import { Registry } from '../subscriber/registry.js';
import { Subscriber } from '../subscriber/subscriber.js';
import { SubscriptionIndex } from '../topic/subscription-index.js';
import { catchUp, locateCursor, whileOpen } from './catch-up.js';
import { Dispatcher } from './dispatcher.js';
import { Presence } from './presence.js';
import { runInSlices } from './slices.js';
import { sweep, sweepPeriodMs } from './sweep.js';
/**
 * The one door of the hub: every update comes in by `publish` (or from another node by the transport), every
 * listener by `register` and `begin`. Knows nothing of HTTP and nothing of the ORM.
 */
export class Hub {
    options;
    accepted = new Subject();
    registry;
    audiences;
    dispatcher;
    presence;
    sweeper;
    sweeping = false;
    lastBeat = {
        cursor: undefined,
        frame: Frame.ofBeat(undefined),
    };
    state = 'open';
    constructor(options) {
        this.options = options;
        const index = new SubscriptionIndex({
            base: options.hubUrl.href,
            maxUnits: options.maxPatterns,
        });
        this.audiences = new Audiences(index);
        this.registry = new Registry(options);
        this.dispatcher = new Dispatcher(this.audiences, {
            maxBufferedBytes: options.maxBufferedBytes,
            onFault: options.onFault,
            close: (subscriber, reason) => this.close(subscriber, reason),
        });
        const { tellSubscription: tell, hubUrl, transport, onFault } = options;
        const append = (events) => void transport.append(events, 'presence').catch(onFault);
        this.presence = tell && new Presence({ base: hubUrl.href, tell, append });
    }
    async start() {
        this.dispatcher.startAt(await this.options.transport.start((batch) => this.accept(batch)));
        this.sweeper = setInterval(() => void this.sweep(), sweepPeriodMs(this.options)).unref();
    }
    /** Everything accepted, of every node, in the transport's order; completes when the hub shuts down. */
    get updates$() {
        return this.accepted.asObservable();
    }
    /** The newest id that is dispatched: whoever resumes from it gets everything after. Undefined: none yet. */
    get lastEventId() {
        return this.dispatcher.lastEventId;
    }
    get connections() {
        return this.registry.size;
    }
    /** Who is subscribed to what, now; empty where that is not told. */
    subscriptions() {
        return this.presence?.list() ?? [];
    }
    /**
     * Validates and stores updates, all or none. Resolves when they are stored as the transport's durability says.
     *
     * @throws MercureError what `validate` throws; HUB_OVERLOADED, HUB_CLOSED, TRANSPORT_UNAVAILABLE (503)
     */
    async publish(updates) {
        if (this.state === 'closed')
            throw closed();
        for (const update of updates)
            this.options.validate(update);
        if (this.dispatcher.overloaded) {
            throw new MercureError('HUB_OVERLOADED', 503, 'Service Unavailable', 'Publish slower; try again in a second.');
        }
        if (updates.length > 0)
            await this.options.transport.append(updates);
    }
    /**
     * Back-pressure for publishers: resolves when this node has written what is stored so far, after a second at the
     * latest. It never rejects; undefined where there is nothing to wait for.
     */
    settled() {
        const written = this.state === 'open' ? this.dispatcher.settled() : undefined;
        return written && atMost(written, 1000);
    }
    /**
     * Makes a subscriber and holds its audience; `begin` starts its stream, `leave` gives it back.
     *
     * @throws MercureError MATCHER_INVALID (400), TOO_MANY_CONNECTIONS, TOO_MANY_PATTERNS (429), HUB_CLOSED (503)
     */
    register(request) {
        if (this.state !== 'open')
            throw closed();
        if (request.bounded)
            this.registry.checkRoomFor(request.client);
        const audience = this.audiences.hold(request.matchers, request.grants.subscribe);
        const { endsAt, expiresAt } = this.deadlines(request);
        const subscriber = new Subscriber(audience, request.wishes ?? [], request.grants, request.client, endsAt, expiresAt);
        try {
            this.registry.add(subscriber, request.bounded);
        }
        catch (error) {
            this.audiences.release(audience);
            throw error;
        }
        return subscriber;
    }
    /** Where a requested id stands; undefined while the transport cannot say. */
    async locate(requested) {
        try {
            return await locateCursor(requested, this.options.transport);
        }
        catch {
            return undefined;
        }
    }
    /** Starts a registered subscriber's stream: live at once, or from a cursor through the history. */
    begin(subscriber, sink, requested, cursor) {
        const now = performance.now();
        subscriber.sink = sink;
        subscriber.lastSentAt = now;
        subscriber.progressAt = now;
        if (this.state !== 'open') {
            this.close(subscriber, 'shutdown');
            return;
        }
        this.endBeforeNextSweep(subscriber, now);
        if (requested)
            this.bringUp(subscriber, requested, cursor).catch(this.options.onFault);
        else
            this.dispatcher.goLive(subscriber);
        this.presence?.arrived(subscriber);
    }
    /** The listener went away by itself. */
    leave(subscriber) {
        this.close(subscriber, 'left');
    }
    /**
     * Ends every stream, at once or spread over `spreadMs`, then the transport. What was accepted before is written
     * first. No subscriber is taken on any more; publishing goes on until the streams have ended.
     */
    async shutdown(spreadMs) {
        if (this.state !== 'open')
            return;
        await this.settled();
        this.state = 'closing';
        const subscribers = [...this.registry];
        const started = performance.now();
        for (const [index, subscriber] of subscribers.entries()) {
            const due = started + (spreadMs * index) / subscribers.length;
            const wait = due - performance.now();
            if (wait > 1)
                await new Promise((resume) => setTimeout(resume, wait));
            this.close(subscriber, 'shutdown');
        }
        this.state = 'closed';
        clearInterval(this.sweeper);
        this.accepted.complete();
        await this.options.transport.close();
    }
    accept(batch) {
        if (this.accepted.observed)
            for (const { update } of batch)
                this.accepted.next(update);
        this.dispatcher.accept(batch);
    }
    async bringUp(subscriber, requested, located) {
        const { transport, hubUrl, gapEvents } = this.options;
        const cursor = located ?? (await whileOpen(subscriber, () => locateCursor(requested, transport)));
        if (!cursor || subscriber.closed)
            return;
        const context = { transport, dispatcher: this.dispatcher, hubUrl, gapEvents };
        await catchUp(subscriber, requested, cursor, context);
    }
    deadlines({ grants, bounded }) {
        const now = performance.now();
        const { maxLifetimeMs } = this.options;
        // Spread over the last fifth, so that streams opened together do not come back together.
        const lifetime = bounded && maxLifetimeMs !== 0 ? maxLifetimeMs * (0.8 + Math.random() * 0.2) : Infinity;
        const untilExpiry = grants.expiresAt === undefined ? Infinity : grants.expiresAt * 1000 - Date.now();
        return { endsAt: now + lifetime, expiresAt: now + untilExpiry };
    }
    /** A stream that would be over before a sweep sees it gets the only timer a stream ever has. */
    endBeforeNextSweep(subscriber, now) {
        const left = subscriber.deadline - now;
        if (left > 2 * sweepPeriodMs(this.options))
            return;
        const reason = subscriber.expiresAt <= subscriber.endsAt ? 'expired' : 'deadline';
        setTimeout(() => this.close(subscriber, reason), Math.max(0, left - 20)).unref();
    }
    async sweep() {
        if (this.sweeping)
            return;
        this.sweeping = true;
        const close = (subscriber, reason) => this.close(subscriber, reason);
        const beat = (subscriber, now) => this.beat(subscriber, now);
        await runInSlices(sweep(this.registry, { ...this.options, close, beat })).catch(this.options.onFault);
        this.sweeping = false;
    }
    /**
     * A sign of life. When public updates went by that were not for this stream, it moves the client's cursor past
     * them, so that a quiet stream does not fall out of a bounded history without having missed anything.
     */
    beat(subscriber, now) {
        const cursor = this.newerCursor(subscriber);
        subscriber.send(this.beatFrame(cursor?.id), cursor?.count ?? subscriber.told, now);
    }
    /** One frame for all who are told the same. */
    beatFrame(cursor) {
        if (this.lastBeat.cursor !== cursor)
            this.lastBeat = { cursor, frame: Frame.ofBeat(cursor) };
        return this.lastBeat.frame;
    }
    newerCursor(subscriber) {
        const cursor = this.dispatcher.publicCursor;
        return subscriber.liveSince !== Infinity && cursor && cursor.count > subscriber.told ? cursor : undefined;
    }
    close(subscriber, reason) {
        if (subscriber.closed)
            return;
        if (reason !== 'left' && reason !== 'slow' && this.newerCursor(subscriber))
            this.beat(subscriber, performance.now());
        subscriber.closed = reason;
        subscriber.audience.subscribers.delete(subscriber);
        this.registry.remove(subscriber);
        this.audiences.release(subscriber.audience);
        this.presence?.left(subscriber);
        if (reason === 'slow') {
            this.options.onSlow(subscriber);
            subscriber.sink?.destroy();
        }
        else if (reason !== 'left') {
            subscriber.sink?.end();
        }
    }
}
function atMost(promise, ms) {
    return new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        void promise.then(() => {
            clearTimeout(timer);
            resolve();
        });
    });
}
function closed() {
    return new MercureError('HUB_CLOSED', 503, 'Service Unavailable', 'The hub is shutting down; try again.');
}
//# sourceMappingURL=hub.js.map
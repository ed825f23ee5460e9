import { Frame } from '../sse/frame.js';
import { runInSlices } from './slices.js';
/** Streams written between two looks at the clock (a write costs 8 µs). */
const WRITES_PER_LOOK = 32;
/** Updates accepted but not written yet, in characters of data: past it publishers are told to come back. */
const MAX_PENDING = 64 * 1024 * 1024;
/** What one flush takes, likewise: an audience's frame is held in memory by every audience it is for. */
const MAX_FLUSH = 1024 * 1024;
/**
 * Carries what the transport appended to the streams: everything accepted in one tick leaves in one flush at its
 * end, matched once per update, encoded once per audience, written once per stream.
 */
export class Dispatcher {
    audiences;
    options;
    pending = [];
    pendingSize = 0;
    flushing = false;
    /** Of the updates pending: resolved when the last of them is written. */
    written;
    flushNumber = 0;
    dispatchedCount = 0;
    dispatchedPosition = '';
    dispatchedId;
    /** The newest public update of the last *finished* flush: what every stream may be told as a cursor. */
    told;
    constructor(audiences, options) {
        this.audiences = audiences;
        this.options = options;
    }
    /** Where the transport stands before anything is dispatched. */
    startAt(position) {
        this.dispatchedPosition = position;
    }
    /** The position up to which updates were given to live streams: the history may be read up to it, not past it. */
    get position() {
        return this.dispatchedPosition;
    }
    /** The id at that position; undefined: nothing was dispatched by this node yet. */
    get lastEventId() {
        return this.dispatchedId;
    }
    /** The newest public id every live stream has been given or passed over, with its number. */
    get publicCursor() {
        return this.told;
    }
    /** How many updates were dispatched: the number of the newest. */
    get count() {
        return this.dispatchedCount;
    }
    get overloaded() {
        return this.pendingSize > MAX_PENDING;
    }
    /** Takes what the transport appended, in its order; a flush at the end of this tick carries it on. */
    accept(batch) {
        for (const stored of batch) {
            this.pending.push(stored);
            this.pendingSize += stored.update.data.length;
        }
        this.written ??= new Written();
        if (!this.flushing)
            void this.flushSoon();
    }
    /** Resolves when everything accepted so far has been written; undefined: already so, or nobody listens. */
    settled() {
        return this.audiences.size === 0 ? undefined : this.written?.promise;
    }
    /** Puts a subscriber among the live ones. Only right in the tick in which it has read up to `position`. */
    goLive(subscriber) {
        subscriber.liveSince = this.flushNumber;
        subscriber.audience.add(subscriber);
    }
    async flushSoon() {
        this.flushing = true;
        await new Promise((endOfTick) => setImmediate(endOfTick));
        while (this.pending.length > 0) {
            const batch = this.takePending();
            const written = this.pending.length === 0 ? this.written : undefined;
            if (written)
                this.written = undefined;
            await runInSlices(this.flush(batch)).catch(this.options.onFault);
            written?.resolve();
        }
        this.flushing = false;
    }
    *flush(batch) {
        const newest = batch.at(-1);
        const flush = ++this.flushNumber;
        // From here on the history may be read up to the end of this batch, so whoever goes live during this flush has
        // read it there and is passed over below: neither repeated nor skipped, however long the slices take.
        this.dispatchedPosition = newest.position;
        this.dispatchedId = newest.update.id;
        this.dispatchedCount += batch.length;
        const touched = new Set();
        for (const { update } of batch) {
            for (const audience of yield* this.audiences.of(update)) {
                audience.batch.push(update);
                touched.add(audience);
            }
            yield;
        }
        yield* this.write(touched, flush);
        this.tellCursor(batch);
    }
    *write(touched, flush) {
        // Ten thousand audiences may each be given the same single update: one frame serves them all.
        const single = new Map();
        let writes = 0;
        for (const audience of touched) {
            const frame = frameOf(audience.takeBatch(), single);
            if (audience.earliestDeadline <= performance.now())
                this.closeExpired(audience);
            const now = performance.now();
            for (const subscriber of audience.subscribers) {
                if (subscriber.liveSince >= flush)
                    continue;
                if (this.isSlow(subscriber))
                    this.options.close(subscriber, 'slow');
                else
                    subscriber.send(frame, this.dispatchedCount, now);
                if (++writes % WRITES_PER_LOOK === 0)
                    yield;
            }
        }
    }
    /**
     * Judged before the new batch is queued: what one tick brings may exceed the bound by itself, and a reader that
     * had taken everything until then is not slow.
     */
    isSlow(subscriber) {
        const { maxBufferedBytes } = this.options;
        return maxBufferedBytes !== 0 && (subscriber.sink?.queuedBytes() ?? 0) > maxBufferedBytes;
    }
    closeExpired(audience) {
        const now = performance.now();
        audience.earliestDeadline = Infinity;
        for (const subscriber of audience.subscribers) {
            if (subscriber.deadline <= now) {
                this.options.close(subscriber, subscriber.expiresAt <= now ? 'expired' : 'deadline');
            }
            else {
                audience.earliestDeadline = Math.min(audience.earliestDeadline, subscriber.deadline);
            }
        }
    }
    takePending() {
        let size = 0;
        const rest = this.pending.findIndex(({ update }) => (size += update.data.length) > MAX_FLUSH);
        const count = rest === -1 ? this.pending.length : Math.max(1, rest);
        const batch = this.pending.splice(0, count);
        for (const { update } of batch)
            this.pendingSize -= update.data.length;
        return batch;
    }
    tellCursor(batch) {
        const index = batch.findLastIndex(({ update }) => !update.private);
        if (index === -1)
            return;
        this.told = { id: batch[index].update.id, count: this.dispatchedCount - (batch.length - 1 - index) };
    }
}
class Written {
    resolve;
    promise = new Promise((resolve) => (this.resolve = resolve));
}
function frameOf(updates, single) {
    const only = updates.length === 1 ? updates[0] : undefined;
    const known = only && single.get(only);
    if (known)
        return known;
    const frame = Frame.ofUpdates(updates);
    if (only)
        single.set(only, frame);
    return frame;
}
//# sourceMappingURL=dispatcher.js.map
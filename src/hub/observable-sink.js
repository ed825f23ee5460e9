import { gapDocument } from '../sse/frame.js';
/** A subscriber inside the application: updates as the message events that a Nest `@Sse()` handler returns. */
export class ObservableSink {
    observer;
    constructor(observer) {
        this.observer = observer;
    }
    send({ updates, gap }) {
        for (const update of updates)
            this.observer.next(messageOf(update));
        // An id on every event: Nest numbers those without, and clients would come back asking for "1".
        if (gap) {
            this.observer.next({ type: 'mercure', id: gap.lastEventId ?? 'earliest', data: gapDocument(gap) });
        }
    }
    queuedBytes() {
        return 0;
    }
    progress() {
        return 0;
    }
    drained() {
        return Promise.resolve();
    }
    end() {
        this.observer.complete();
    }
    destroy() {
        this.observer.complete();
    }
}
function messageOf({ id, type, data, retry }) {
    return { id, data, ...(type ? { type } : undefined), ...(retry ? { retry } : undefined) };
}
//# sourceMappingURL=observable-sink.js.map
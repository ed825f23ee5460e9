import { MercureError } from '../errors.js';
import { UpdateHistory } from './update-history.js';
/**
 * The default transport: one process, history in a bounded ring. `durability: 'process'`: what it acknowledged is
 * gone with the process, and cursors from before are told as gaps.
 */
export function memory(options = {}) {
    return new MemoryTransport({
        maxUpdates: bound('maxUpdates', options.maxUpdates, 10_000),
        maxBytes: bound('maxBytes', options.maxBytes, 64 * 1024 * 1024),
        maxAgeMs: bound('maxAgeMs', options.maxAgeMs, 0),
    });
}
function bound(name, value, fallback) {
    if (value === undefined)
        return fallback;
    if (Number.isSafeInteger(value) && value >= 0)
        return value;
    throw new MercureError('OPTIONS_INVALID', 500, `memory({ ${name} }) is not a whole number of 0 or more`, 'Leave it out for the default.');
}
class MemoryTransport {
    durability = 'process';
    history;
    onAppended;
    closed = false;
    constructor(bounds) {
        this.history = new UpdateHistory(bounds);
    }
    start(onAppended) {
        this.onAppended = onAppended;
        return Promise.resolve(this.history.newest());
    }
    append(updates, kind = 'update') {
        if (this.closed) {
            return Promise.reject(new MercureError('HUB_CLOSED', 503, 'Service Unavailable', 'The hub is closed.'));
        }
        const stored = updates.map((update) => this.history.push(update, kind));
        this.onAppended?.(stored);
        return Promise.resolve();
    }
    locate(id) {
        return Promise.resolve(this.history.locate(id));
    }
    earliest() {
        return Promise.resolve(this.history.earliest());
    }
    read(after, until) {
        return Promise.resolve(this.history.read(after, until));
    }
    close() {
        this.closed = true;
        return Promise.resolve();
    }
}
//# sourceMappingURL=memory-transport.js.map
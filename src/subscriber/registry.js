import { MercureError } from '../errors.js';
import { unitsOf } from '../topic/subscription-index.js';
/** Every subscriber there is, counted in all and by client. */
export class Registry {
    bounds;
    subscribers = new Set();
    clients = new Map();
    constructor(bounds) {
        this.bounds = bounds;
    }
    get size() {
        return this.subscribers.size;
    }
    [Symbol.iterator]() {
        return this.subscribers.values();
    }
    /** @throws MercureError TOO_MANY_CONNECTIONS (429), before anything is compiled for the client */
    checkRoomFor(client) {
        const { maxConnections, maxConnectionsPerClient } = this.bounds;
        if (maxConnections !== 0 && this.subscribers.size >= maxConnections) {
            throw tooMany('TOO_MANY_CONNECTIONS', 'The hub has as many subscribers as it may; try again later.');
        }
        const connections = this.clients.get(client)?.connections ?? 0;
        if (maxConnectionsPerClient !== 0 && connections >= maxConnectionsPerClient) {
            throw tooMany('TOO_MANY_CONNECTIONS', 'Close another stream first, or follow several topics with one.');
        }
    }
    /** @throws MercureError TOO_MANY_PATTERNS (429) when the client holds more than a tenth of `maxPatterns` */
    add(subscriber, bounded) {
        const { client: name, audience } = subscriber;
        const client = this.clients.get(name) ?? { audiences: new Map(), connections: 0, units: 0 };
        const streams = client.audiences.get(audience) ?? 0;
        const units = streams === 0 ? unitsOfAudience(audience) : 0;
        const { maxPatterns } = this.bounds;
        if (bounded && maxPatterns !== 0 && units > 0 && client.units + units > Math.max(1, maxPatterns / 10)) {
            throw tooMany('TOO_MANY_PATTERNS', 'Use fewer or simpler patterns, or exact topics.');
        }
        client.audiences.set(audience, streams + 1);
        client.connections++;
        client.units += units;
        this.clients.set(name, client);
        this.subscribers.add(subscriber);
    }
    remove(subscriber) {
        if (!this.subscribers.delete(subscriber))
            return;
        const { client: name, audience } = subscriber;
        const client = this.clients.get(name);
        const streams = client.audiences.get(audience) - 1;
        if (streams > 0) {
            client.audiences.set(audience, streams);
        }
        else {
            client.audiences.delete(audience);
            client.units -= unitsOfAudience(audience);
        }
        if (--client.connections === 0)
            this.clients.delete(name);
    }
}
function unitsOfAudience({ listens, granted }) {
    return [...new Set([...listens, ...granted])].reduce((sum, entry) => sum + unitsOf(entry), 0);
}
function tooMany(code, remedy) {
    return new MercureError(code, 429, 'Too Many Requests', remedy);
}
//# sourceMappingURL=registry.js.map
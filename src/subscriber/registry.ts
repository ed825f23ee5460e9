import { MercureError } from '../errors.js';
import { unitsOf } from '../topic/subscription-index.js';
import type { Audience } from './audience.js';
import type { Subscriber } from './subscriber.js';

/** 0: unbounded. */
export interface RegistryBounds {
  readonly maxConnections: number;
  readonly maxConnectionsPerClient: number;
  /** Units of distinct patterns of the whole hub; one client holds a tenth of them at most. */
  readonly maxPatterns: number;
}

interface Client {
  readonly audiences: Map<Audience, number>;
  connections: number;
  units: number;
}

/** Every subscriber there is, counted in all and by client. */
export class Registry {
  private readonly subscribers = new Set<Subscriber>();
  private readonly clients = new Map<string, Client>();

  constructor(private readonly bounds: RegistryBounds) {}

  get size(): number {
    return this.subscribers.size;
  }

  [Symbol.iterator](): Iterator<Subscriber> {
    return this.subscribers.values();
  }

  /** @throws MercureError TOO_MANY_CONNECTIONS (429), before anything is compiled for the client */
  checkRoomFor(client: string): void {
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
  add(subscriber: Subscriber, bounded: boolean): void {
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

  remove(subscriber: Subscriber): void {
    if (!this.subscribers.delete(subscriber)) return;
    const { client: name, audience } = subscriber;
    const client = this.clients.get(name)!;
    const streams = client.audiences.get(audience)! - 1;
    if (streams > 0) {
      client.audiences.set(audience, streams);
    } else {
      client.audiences.delete(audience);
      client.units -= unitsOfAudience(audience);
    }
    if (--client.connections === 0) this.clients.delete(name);
  }
}

function unitsOfAudience({ listens, granted }: Audience): number {
  return [...new Set([...listens, ...granted])].reduce((sum, entry) => sum + unitsOf(entry), 0);
}

function tooMany(code: 'TOO_MANY_CONNECTIONS' | 'TOO_MANY_PATTERNS', remedy: string): MercureError {
  return new MercureError(code, 429, 'Too Many Requests', remedy);
}

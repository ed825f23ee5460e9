import { topicOf } from '../wire/load.js';
import { nowMicros } from '../wire/payload.js';
import { type Connection, openHttp1, openHttp2 } from './connection.js';
import { EventChecker } from './event-checker.js';
import type { StreamsRequest } from './stream-request.js';
import { Tally } from './tally.js';

const OPENING_GUARD_MS = 120_000;

/** When the streams were opened, in microseconds of the machine's clock. */
export interface Opened {
  readonly startedAt: number;
  /** When the last of them had its first bytes. */
  readonly openedAt: number;
}

/** All streams of this process. */
export class Streams {
  readonly tally = new Tally();
  private readonly connections: Connection[] = [];
  private readonly checkers: EventChecker[] = [];
  private paused = 0;
  private closing = false;

  /**
   * Opens streams; resolves when the first bytes of every body are there, so that all are live.
   *
   * @throws Error when one is answered otherwise
   */
  async open(request: StreamsRequest): Promise<Opened> {
    const startedAt = nowMicros();
    let begun = 0;
    let live = 0;
    await new Promise<void>((resolve, reject) => {
      const guard = setTimeout(
        () => reject(new Error(`Of ${request.count} streams only ${live} were opened`)),
        OPENING_GUARD_MS,
      );
      const beginOne = () => this.openOne(request, begun++, onLive, reject);
      const onLive = () => {
        if (begun < request.count) beginOne();
        if (++live < request.count) return;
        clearTimeout(guard);
        resolve();
      };
      for (let index = 0; index < Math.min(request.atOnce, request.count); index++) beginOne();
    });
    return { startedAt, openedAt: nowMicros() };
  }

  /** Whether the streams of a topic have received its publishers' updates in one order. */
  checkOrder(topics: number): void {
    for (let index = this.paused + topics; index < this.checkers.length; index++) {
      if (this.checkers[index]!.order === this.checkers[index - topics]!.order) continue;
      this.tally.fault(`stream ${index} received the updates of its topic in another order than others`);
    }
  }

  /** The first `count` streams take nothing any more, and may be cut for it. */
  pause(count: number): void {
    this.paused = count;
    for (const connection of this.connections.slice(0, count)) connection.pause();
  }

  close(): void {
    this.closing = true;
    for (const connection of this.connections) connection.close();
  }

  private openOne(
    request: StreamsRequest,
    index: number,
    onLive: () => void,
    onFault: (error: Error) => void,
  ): void {
    const { addresses, topics, tokens, lastEventId, from, publishers, dataBytes } = request;
    const address = addresses[index % addresses.length]!;
    const topic = index % topics;
    const checker = new EventChecker({ topic, publishers, dataBytes, from }, this.tally);
    this.checkers.push(checker);
    const token = tokens[index % tokens.length];
    const headers = {
      ...(token === undefined ? undefined : { Authorization: `Bearer ${token}` }),
      ...(lastEventId === undefined ? undefined : { 'Last-Event-ID': lastEventId }),
    };
    const target = `${address.path}?${address.parameter}=${encodeURIComponent(topicOf(topic))}`;
    let live = false;
    const events = {
      onHead: (status: number, head: string) => {
        if (status !== 200)
          onFault(new Error(`Stream ${index} was answered ${status}: ${head.slice(0, 200)}`));
      },
      onChunk: () => void this.tally.writes++,
      onBytes: (bytes: Buffer) => {
        checker.feed(bytes);
        if (live) return;
        live = true;
        onLive();
      },
      onOver: (reason: string) => {
        if (this.closing || index < this.paused) return;
        this.tally.fault(`stream ${index} was lost: ${reason}`);
        if (!live) onFault(new Error(`Stream ${index}: ${reason}`));
      },
    };
    const open = address.http2 ? openHttp2 : openHttp1;
    this.connections.push(open({ address, target, headers }, events));
  }
}

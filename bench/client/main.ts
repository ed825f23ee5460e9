import { answerCalls } from '../process/calls.js';
import { Streams } from './streams.js';
import type { StreamsRequest } from './stream-request.js';

/** What was received since `reset`: latencies are from publishing to the last byte of a delivery, in milliseconds. */
export interface Received {
  readonly p50: number;
  readonly p99: number;
  /** When the first and the last of them came. Microseconds of the machine's clock. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** Chunks of HTTP/1.1 in which they came. */
  readonly writes: number;
}

const streams = new Streams();
const { tally } = streams;

const handlers = {
  open: (request: StreamsRequest) => streams.open(request),
  /** Begins a measurement: latencies count from here on. */
  reset: () => tally.reset(),
  /**
   * Resolves when so many deliveries have come since the beginning.
   *
   * @param topics among how many the streams are spread that have all received the same; undefined: they have not
   * @throws Error when one is missing, came twice or in the wrong order
   */
  reach: async ({ deliveries, topics }: { deliveries: number; topics?: number }): Promise<Received> => {
    await tally.reach(deliveries);
    if (topics !== undefined) streams.checkOrder(topics);
    tally.check(deliveries);
    return {
      p50: tally.latencies.percentile(0.5) / 1000,
      p99: tally.latencies.percentile(0.99) / 1000,
      firstAt: tally.firstAt,
      lastAt: tally.lastAt,
      writes: tally.writes,
    };
  },
  pause: (count: number) => streams.pause(count),
  /** Ends all streams. @throws Error when anything was received that was not to come */
  close: () => {
    streams.close();
    if (tally.faults.length > 0) throw new Error(tally.faults.join('; '));
  },
};

export type ClientHandlers = typeof handlers;
answerCalls(handlers);

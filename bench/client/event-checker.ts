import {
  MARK,
  nowMicros,
  PUBLISHER_AT,
  PUBLISHER_DIGITS,
  SEQUENCE_AT,
  SEQUENCE_DIGITS,
  TIME_AT,
  TIME_DIGITS,
  TOPIC_AT,
  TOPIC_DIGITS,
} from '../wire/payload.js';
import type { Tally } from './tally.js';

const NEEDLE = Buffer.from(MARK);
const [M0, M1, M2, M3] = NEEDLE as unknown as [number, number, number, number];

/** What a stream has to receive. */
export interface Expectation {
  readonly topic: number;
  readonly publishers: number;
  readonly dataBytes: number;
  /** The sequence of the first update; of others than the first publisher it is 0. */
  readonly from: number;
}

/**
 * Checks every update of one stream, in the order it came: that it is of the stream's topic, and the next of its
 * publisher's. An update counts when its last byte is there.
 */
export class EventChecker {
  /** Of every publisher, the sequence to come. */
  private readonly next: Uint32Array;
  private rest: Buffer | undefined;
  /** Bytes from one update to the next, as they were the last time. */
  private stride = 0;
  /** Of the order in which publishers' updates came: the same for all streams of a topic. */
  order = 0;

  constructor(
    private readonly expected: Expectation,
    private readonly tally: Tally,
  ) {
    this.next = new Uint32Array(expected.publishers);
    this.next[0] = expected.from;
  }

  /** @param bytes of the event stream, without any framing; not kept */
  feed(bytes: Buffer): void {
    const { rest } = this;
    const all = rest ? Buffer.concat([rest, bytes]) : bytes;
    const { dataBytes } = this.expected;
    const now = nowMicros();
    let at = all.indexOf(NEEDLE);
    let end = 0;
    while (at !== -1 && at + dataBytes <= all.length) {
      this.check(all, at, now);
      end = at + dataBytes;
      const guess = at + this.stride;
      const next = this.stride > 0 && isMark(all, guess) ? guess : all.indexOf(NEEDLE, end);
      if (next !== -1) this.stride = next - at;
      at = next;
    }
    // Of a beginning update all, of anything else as much as the beginning of a mark has.
    const keep = at === -1 ? Math.max(end, all.length - NEEDLE.length + 1) : at;
    this.rest = keep < all.length ? Buffer.from(all.subarray(keep)) : undefined;
  }

  private check(bytes: Buffer, at: number, now: number): void {
    const sequence = number(bytes, at + SEQUENCE_AT, SEQUENCE_DIGITS);
    const publisher = number(bytes, at + PUBLISHER_AT, PUBLISHER_DIGITS);
    const topic = number(bytes, at + TOPIC_AT, TOPIC_DIGITS);
    const time = number(bytes, at + TIME_AT, TIME_DIGITS);
    const next = this.next[publisher];
    if (topic !== this.expected.topic) {
      this.tally.fault(`a stream of topic ${this.expected.topic} received an update of topic ${topic}`);
    } else if (sequence !== next) {
      this.tally.fault(`update ${sequence} of publisher ${publisher} came where ${next} was to come`);
    }
    this.next[publisher] = sequence + 1;
    this.order = (Math.imul(this.order, 31) + publisher + 1) | 0;
    this.tally.delivered(time, now);
  }
}

function isMark(bytes: Buffer, at: number): boolean {
  return bytes[at] === M0 && bytes[at + 1] === M1 && bytes[at + 2] === M2 && bytes[at + 3] === M3;
}

function number(bytes: Buffer, start: number, digits: number): number {
  let value = 0;
  for (let at = start; at < start + digits; at++) value = value * 10 + bytes[at]! - 48;
  return value;
}

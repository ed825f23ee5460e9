import type { Place } from './log.js';

/** 0 means unbounded. */
export interface KeptBounds {
  readonly count: number;
  readonly bytes: number;
  readonly ageMs: number;
}

/** Neighbours in a log that are dropped together. */
interface Segment {
  last: Place;
  count: number;
  bytes: number;
  /** When its first and its newest came, in milliseconds of one clock. */
  readonly from: number;
  until: number;
}

/** A bound is kept to about this part of itself, which is what a segment may hold of it. */
const PARTS = 1000;

/**
 * Counts what a log keeps of one kind, so that nobody has to count its rows: neighbours as one, in about a thousand
 * segments whatever their number. Says up to where it must go for the bounds.
 */
export class Kept {
  private segments: Segment[] = [];
  private count = 0;
  private bytes = 0;

  constructor(private readonly bounds: KeptBounds) {}

  get isBounded(): boolean {
    const { count, bytes, ageMs } = this.bounds;
    return count > 0 || bytes > 0 || ageMs > 0;
  }

  /** In order. @param at when it came, in milliseconds of a clock that is not set back */
  add(place: Place, bytes: number, at: number): void {
    this.count++;
    this.bytes += bytes;
    const newest = this.segments.at(-1);
    if (newest && this.hasRoom(newest, bytes, at)) {
      newest.last = place;
      newest.count++;
      newest.bytes += bytes;
      newest.until = Math.max(newest.until, at);
    } else {
      this.segments.push({ last: place, count: 1, bytes, from: at, until: at });
    }
  }

  /**
   * Up to where entries must go; undefined: none must.
   *
   * @param held those after it stay as long as there are not twice as many as the bounds allow
   */
  over(now: number, held: Place): Place | undefined {
    let cut: Place | undefined;
    const mustGo = (oldest: Segment): boolean => this.isOver(oldest, now, oldest.last <= held ? 1 : 2);
    for (let oldest = this.segments[0]; oldest && mustGo(oldest); oldest = this.segments[0]) {
      cut = oldest.last;
      this.drop();
    }
    return cut;
  }

  /** Whether so much is over that it should not wait. */
  get isFarOver(): boolean {
    const { count, bytes } = this.bounds;
    return (count > 0 && this.count > count * 1.1) || (bytes > 0 && this.bytes > bytes * 1.1);
  }

  /** Somebody dropped everything up to a place. */
  forget(place: Place): void {
    while (this.segments.length > 0 && this.segments[0]!.last <= place) this.drop();
  }

  /** It begins anew. */
  clear(): void {
    this.segments = [];
    this.count = 0;
    this.bytes = 0;
  }

  /** What a bound allows is kept: the oldest goes when the others alone reach it. */
  private isOver(oldest: Segment, now: number, times: number): boolean {
    const { count, bytes, ageMs } = this.bounds;
    return (
      (count > 0 && this.count - oldest.count >= count * times) ||
      (bytes > 0 && this.bytes - oldest.bytes >= bytes * times) ||
      (ageMs > 0 && oldest.until <= now - ageMs * times)
    );
  }

  private hasRoom(segment: Segment, bytes: number, at: number): boolean {
    const { bounds } = this;
    return (
      (bounds.count === 0 || segment.count < bounds.count / PARTS) &&
      (bounds.bytes === 0 || segment.bytes + bytes <= bounds.bytes / PARTS) &&
      (bounds.ageMs === 0 || at - segment.from <= bounds.ageMs / PARTS)
    );
  }

  private drop(): void {
    const { count, bytes } = this.segments.shift()!;
    this.count -= count;
    this.bytes -= bytes;
  }
}

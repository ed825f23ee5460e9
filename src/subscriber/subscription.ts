import type { Matcher } from '../topic/matcher.js';

/**
 * What a subscriber asked for with one parameter of its request: the matcher it means, and how it was named, which
 * decides how others are told of it.
 */
export interface Wish {
  readonly matcher: Matcher;
  /** `topic`: a parameter of 0.x. The others are the matcher types of 1.0. */
  readonly named: 'topic' | 'exact' | 'urlpattern';
}

/** One wish of one subscriber, as the subscription events and API tell it. */
export interface Subscription {
  readonly wish: Wish;
  /** The hub's own name of the subscriber. */
  readonly subscriber: string;
  /** What its token says to attach; undefined: nothing. */
  readonly payload: unknown;
}

import type { IndexEntry } from '../topic/subscription-index.js';
import type { Topic } from '../topic/topic.js';
import type { Update } from '../update/update.js';
import type { Subscriber } from './subscriber.js';

/** An update with its number among those this node has dispatched. */
export interface Dispatched {
  readonly update: Update;
  readonly number: number;
}

/**
 * All subscribers that ask for the same topics with the same grants: they are matched once, encoded for once, and
 * written the same bytes. What differs between them (deadline, position, sink) stays with each.
 */
export class Audience {
  /** Those that are live; one that is still catching up is not in here. */
  readonly subscribers = new Set<Subscriber>();
  /** Updates of the flush under way, with their numbers. */
  batch: Dispatched[] = [];
  /** The earliest deadline among the live: a flush looks at the clock once per audience, not once per stream. */
  earliestDeadline = Infinity;
  /** Subscribers of any state that hold this audience. */
  holders = 0;

  constructor(
    readonly key: string,
    readonly listens: readonly IndexEntry<Audience>[],
    readonly granted: readonly IndexEntry<Audience>[],
  ) {}

  add(subscriber: Subscriber): void {
    this.subscribers.add(subscriber);
    this.earliestDeadline = Math.min(this.earliestDeadline, subscriber.deadline);
  }

  /** Whether an update of the history is for this audience, judged without the index. */
  receives(topics: readonly Topic[], isPrivate: boolean): boolean {
    return reaches(this.listens, topics) && (!isPrivate || reaches(this.granted, topics));
  }

  /** Takes the updates gathered for the flush. */
  takeBatch(): Dispatched[] {
    const taken = this.batch;
    this.batch = [];
    return taken;
  }
}

function reaches(entries: readonly IndexEntry<Audience>[], topics: readonly Topic[]): boolean {
  return entries.some(({ compiled }) => topics.some((topic) => compiled.matches(topic)));
}

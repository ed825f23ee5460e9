import { Frame } from '../sse/frame.js';
import type { Audience } from '../subscriber/audience.js';
import { Topic } from '../topic/topic.js';
import type { HistoryPage, Position } from '../transport/transport.js';
import type { Slices } from './slices.js';

/** What of a page of the history is for an audience. */
export interface Replay {
  /** Undefined: nothing. */
  readonly frame: Frame | undefined;
  /** How many updates of the page come after the last one in it. */
  readonly rest: number;
}

/**
 * Pages as audiences see them, matched and encoded once: when a node comes back, all its clients ask for the same
 * pages at once. Kept until `forget`, which the sweep calls every second.
 */
export class Replays {
  private readonly byAudience = new Map<Audience, Map<string, Promise<Replay>>>();

  constructor(
    private readonly slices: Slices,
    private readonly hubUrl: URL,
  ) {}

  of(audience: Audience, after: Position, page: HistoryPage): Promise<Replay> {
    const known = this.byAudience.get(audience) ?? new Map<string, Promise<Replay>>();
    this.byAudience.set(audience, known);
    const key = JSON.stringify([after, page.end]);
    const replay = known.get(key) ?? this.slices.run(pick(audience, page, this.hubUrl.href));
    known.set(key, replay);
    return replay;
  }

  forget(): void {
    this.byAudience.clear();
  }
}

/** The same authorization as live, against the grants of now: a cursor opens nothing. */
function* pick(audience: Audience, { updates }: HistoryPage, base: string): Generator<void, Replay, void> {
  const picked: number[] = [];
  for (const [index, { update }] of updates.entries()) {
    const topics = update.topics.map((topic) => new Topic(topic, base));
    if (audience.receives(topics, update.private)) picked.push(index);
    yield;
  }
  const last = picked.at(-1);
  if (last === undefined) return { frame: undefined, rest: updates.length };
  const frame = Frame.ofUpdates(picked.map((index) => updates[index]!.update));
  return { frame, rest: updates.length - 1 - last };
}

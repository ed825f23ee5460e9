import { setImmediate as endOfTurn, setTimeout as sleep } from 'node:timers/promises';
import { type Label, payload } from './payload.js';

/** Updates to be published, and how. */
export interface Load {
  /** Updates in all; a multiple of `publishers`. */
  readonly count: number;
  /** Who publish at once, each the next when the last was answered. */
  readonly publishers: number;
  /** The number of the first of them. */
  readonly as: number;
  /** Updates that a publisher publishes at once, without waiting for the answer to each. */
  readonly burst: number;
  /** Milliseconds from one burst to the next; 0: as fast as they are accepted. Paced updates have one publisher. */
  readonly periodMs: number;
  /** How many topics they go to, in turn; of several publishers each has topics of its own. */
  readonly topics: number;
  readonly private: boolean;
  readonly dataBytes: number;
  /** What ids begin with that tell their sequence (`idOf`); undefined: the contestant makes them. */
  readonly ids: string | undefined;
}

export interface LoadUpdate {
  readonly topic: string;
  readonly data: string;
  readonly private: boolean;
  readonly id: string | undefined;
  readonly label: Label;
}

/** A load of which nothing particular is said. */
export const PLAIN_LOAD: Omit<Load, 'count' | 'dataBytes'> = {
  publishers: 1,
  as: 0,
  burst: 1,
  periodMs: 0,
  topics: 1,
  private: false,
  ids: undefined,
};

/** Resolves when the update is accepted; a contestant without back-pressure has nothing to wait for. */
export type Publish = (update: LoadUpdate, publisher: number) => Promise<unknown> | void;

/** Topics are absolute, as a publisher of resources would have them. */
export function topicOf(topic: number): string {
  return `https://example.com/resources/${topic}`;
}

export function idOf(prefix: string, sequence: number): string {
  return `${prefix}:${sequence}`;
}

/** Publishes loads; the sequences of one load go on where those of the last ended. */
export class Publisher {
  private readonly next = new Map<string, number>();

  constructor(private readonly publish: Publish) {}

  async run(load: Load): Promise<void> {
    const each = load.count / load.publishers;
    const all = Array.from({ length: load.publishers }, (_, publisher) =>
      this.one(load, load.as + publisher, each),
    );
    await Promise.all(all);
  }

  private async one(load: Load, publisher: number, count: number): Promise<void> {
    const started = performance.now();
    for (let index = 0; index < count; index += load.burst) {
      const wait = started + (index / load.burst) * load.periodMs - performance.now();
      if (wait > 0) await sleep(wait);
      const burst = Array.from({ length: Math.min(load.burst, count - index) }, (_, nth) =>
        this.publish(this.update(load, publisher, index + nth), publisher),
      );
      // Who is not told when to go on goes on in the next turn of the event loop.
      const answers = burst.filter((each) => each instanceof Promise);
      if (answers.length > 0) await Promise.all(answers);
      else await endOfTurn();
    }
  }

  private update(load: Load, publisher: number, index: number): LoadUpdate {
    const own = Math.max(1, load.topics / load.publishers);
    const topic = load.topics === 1 ? 0 : publisher + load.publishers * (index % own);
    const key = `${publisher} ${topic}`;
    const sequence = this.next.get(key) ?? 0;
    this.next.set(key, sequence + 1);
    const label = { sequence, publisher, topic };
    return {
      topic: topicOf(topic),
      data: payload(label, load.dataBytes),
      private: load.private,
      id: load.ids === undefined ? undefined : idOf(load.ids, sequence),
      label,
    };
  }
}

import { type Grants, NO_GRANTS } from '../../../src/authorization/grants.js';
import { subscriptionUpdate } from '../../../src/http/subscription-update.js';
import type { Hub } from '../../../src/hub/hub.js';
import type { Wish } from '../../../src/subscriber/subscription.js';
import type { Update } from '../../../src/update/update.js';
import { validateTopics, validateUpdate } from '../../../src/update/validate-update.js';
import { type Follower, quiet, RecordingSink, startHub } from '../../hub/support.js';
import { exactly, HUB_URL, mayHear, type Rights, type Spec } from './naive-spec.js';
import type { Random } from './random.js';
import { likenessOf, matcherOf, topicOf } from './vocabulary.js';

/** What was judged, by what came of it. */
export interface Tally {
  cases: number;
  privateHeard: number;
  privateKept: number;
  presenceHeard: number;
  replayed: number;
  resumedAtReusedId: number;
  readonly faults: string[];
}

export const newTally = (): Tally => ({
  cases: 0,
  privateHeard: 0,
  privateKept: 0,
  presenceHeard: 0,
  replayed: 0,
  resumedAtReusedId: 0,
  faults: [],
});

interface Listener extends Follower, Rights {
  /** The number of the first update that is for it, where it listens to that. */
  readonly from: number;
  /** How much of the log was replayed to it. */
  readonly replayedUpTo: number;
}

const RULES = { hubUrl: new URL(HUB_URL), maxTopicBytes: 8192, maxBodyBytes: 1024 * 1024 };

/**
 * One life of a hub: listeners come, resume and go while it is published to, in no order; whatever each of them heard is
 * compared with what the protocol's text says it may hear.
 */
export class OracleRun {
  /** Everything accepted, the hub's own events among it. */
  private readonly log: Update[] = [];
  private readonly specs: readonly Spec[];
  private readonly topics: readonly string[];
  private listeners: Listener[] = [];

  private constructor(
    private readonly hub: Hub,
    private readonly random: Random,
    private readonly tally: Tally,
  ) {
    // Few enough that they meet, are shared, and come again after they were given up.
    const made = Array.from({ length: 20 }, () => topicOf(random));
    this.topics = made.flatMap((topic) => [topic, likenessOf(topic, random)]).filter(isPublishable);
    this.specs = Array.from({ length: 30 }, () =>
      random.once(4) ? exactly(random.pick(this.topics)) : matcherOf(random),
    );
    hub.updates$.subscribe((update) => this.log.push(update));
  }

  static async start(random: Random, tally: Tally): Promise<OracleRun> {
    const hub = await startHub({
      hubUrl: RULES.hubUrl,
      tellSubscription: subscriptionUpdate.bind(undefined, RULES.hubUrl.pathname),
      validate: (update) => {
        validateTopics(update.topics, RULES);
        validateUpdate(update, RULES);
      },
    });
    return new OracleRun(hub, random, tally);
  }

  async run(rounds: number): Promise<void> {
    const { random } = this;
    for (let round = 0; round < rounds; round++) {
      for (let act = 0; act < 6; act++) {
        const kind = random.below(6);
        if (kind === 0 && this.listeners.length < 25) await this.arrive();
        else if (kind < 5) await this.publish();
        else await new Promise((endOfTick) => setImmediate(endOfTick));
      }
      await this.settle();
      this.leave(this.listeners.filter(() => random.once(8)));
    }
    // The last to go have told the others so.
    await this.settle();
    this.leave(this.listeners);
    await this.hub.shutdown(0);
  }

  private async publish(): Promise<void> {
    const { random, log } = this;
    const updates = random.some([undefined], 1, 3).map((): Update => {
      const repeated = log.length > 0 && random.once(5) ? random.pick(log.slice(-80)).id : undefined;
      return {
        // The hub's own ids may be used by others, too.
        id: repeated ?? `id-${log.length}-${random.below(2 ** 31)}`,
        topics: random.some(this.topics, 1, 3),
        data: '',
        private: !random.once(3),
      };
    });
    await this.hub.publish(updates);
  }

  private async arrive(): Promise<void> {
    const { random, hub, log } = this;
    const listens = random.some(this.specs, 1, 4);
    const granted = random.some(random.once(3) ? listens : this.specs, 0, 4);
    const grants: Grants = { ...NO_GRANTS, subscribe: granted.map(({ matcher }) => matcher) };
    const matchers = listens.map(({ matcher }) => matcher);
    const wishes = random.once(2) ? matchers.map((matcher) => this.wishOf(matcher)) : [];
    const subscriber = await hub.register({ matchers, wishes, grants, client: 'c', bounded: true });
    const sink = new RecordingSink();
    const listener = { subscriber, sink, listens, granted };
    if (log.length > 0 && random.once(2)) {
      const cursor = random.once(5) ? 'earliest' : random.pick(log.slice(-60)).id;
      hub.begin(subscriber, sink, cursor, random.once(2) ? await hub.locate(cursor) : undefined);
      const from = cursor === 'earliest' ? 0 : log.findIndex(({ id }) => id === cursor) + 1;
      if (log.filter(({ id }) => id === cursor).length > 1) this.tally.resumedAtReusedId++;
      this.listeners.push({ ...listener, from, replayedUpTo: log.length });
    } else {
      const from = log.length;
      hub.begin(subscriber, sink);
      this.listeners.push({ ...listener, from, replayedUpTo: from });
    }
  }

  private wishOf(matcher: Wish['matcher']): Wish {
    const { random } = this;
    if (matcher.type === 'template') return { matcher, named: 'topic' };
    if (matcher.type === 'urlpattern') return { matcher, named: 'urlpattern' };
    return { matcher, named: random.pick(['topic', 'exact']) };
  }

  /** Until all there is has been written to all who are there. */
  private async settle(): Promise<void> {
    while (this.listeners.some(({ subscriber }) => subscriber.liveAfter === Infinity))
      await new Promise((endOfTick) => setImmediate(endOfTick));
    await quiet();
  }

  private leave(leaving: readonly Listener[]): void {
    const { log } = this;
    const until = log.length;
    for (const listener of leaving) this.judge(listener, log.slice(listener.from, until));
    for (const { subscriber } of leaving) this.hub.leave(subscriber);
    this.listeners = this.listeners.filter((listener) => !leaving.includes(listener));
  }

  private judge(listener: Listener, offered: readonly Update[]): void {
    const { tally } = this;
    const heard = listener.sink.frames.flatMap(({ updates }) => updates);
    const expected = offered.filter((update) => mayHear(listener, update));
    tally.cases += offered.length;
    for (const [index, update] of offered.entries()) {
      const isFor = mayHear(listener, update);
      if (update.private) tally[isFor ? 'privateHeard' : 'privateKept']++;
      if (isFor && !isPublishable(update.topics[0]!)) tally.presenceHeard++;
      if (isFor && listener.from + index < listener.replayedUpTo) tally.replayed++;
    }
    const first = expected.findIndex((update, index) => update !== heard[index]);
    if (first === -1 && heard.length === expected.length) return;
    const at = first === -1 ? expected.length : first;
    const describe = (specs: readonly Spec[]) => JSON.stringify(specs.map(({ matcher }) => matcher));
    tally.faults.push(
      `${describe(listener.listens)} granted ${describe(listener.granted)}, from ${listener.from}: ` +
        `heard ${JSON.stringify(heard[at])} where ${JSON.stringify(expected[at])} was due`,
    );
  }
}

function isPublishable(topic: string): boolean {
  try {
    validateTopics([topic], RULES);
    validateUpdate({ id: 'id', topics: [topic], data: '', private: false }, RULES);
    return true;
  } catch {
    return false;
  }
}

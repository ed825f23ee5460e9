import { type Grants, NO_GRANTS } from '../../src/authorization/grants.js';
import { Hub } from '../../src/hub/hub.js';
import type { HubOptions } from '../../src/hub/hub-options.js';
import type { Frame } from '../../src/sse/frame.js';
import type { Sink } from '../../src/sse/sink.js';
import type { Subscriber } from '../../src/subscriber/subscriber.js';
import type { Matcher } from '../../src/topic/matcher.js';
import { memory, type MemoryTransportOptions } from '../../src/transport/memory-transport.js';
import type { StartPoint, Transport, TransportListener } from '../../src/transport/transport.js';
import type { Update } from '../../src/update/update.js';

/** A sink that remembers, and that a test can stall. */
export class RecordingSink implements Sink {
  readonly frames: Frame[] = [];
  ended: 'no' | 'ended' | 'destroyed' = 'no';
  stalled = false;
  queued = 0;
  private waiting: (() => void)[] = [];

  get ids(): string[] {
    return this.frames.flatMap(({ updates }) => updates.map(({ id }) => id));
  }

  get text(): string {
    return this.frames.map(({ plain }) => plain.toString()).join('');
  }

  send(frame: Frame): void {
    this.frames.push(frame);
    if (this.stalled) this.queued += frame.plain.length;
  }

  queuedBytes(): number {
    return this.queued;
  }

  progress(): number {
    return -this.queued;
  }

  drained(): Promise<void> {
    return this.queued === 0 ? Promise.resolve() : new Promise((resolve) => this.waiting.push(resolve));
  }

  /** The reader takes everything it was behind with. */
  drain(): void {
    this.queued = 0;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  end(): void {
    this.ended = 'ended';
  }

  destroy(): void {
    this.ended = 'destroyed';
  }
}

export async function startHub(options: Partial<HubOptions> = {}): Promise<Hub> {
  const hub = new Hub({
    transport: memory(),
    hubUrl: new URL('http://localhost/.well-known/mercure'),
    validate: () => undefined,
    onSlow: () => undefined,
    onFault: (error) => {
      throw error;
    },
    heartbeatMs: 0,
    maxLifetimeMs: 0,
    dispatchTimeoutMs: 0,
    maxConnections: 0,
    maxConnectionsPerClient: 0,
    maxBufferedBytes: 1024 * 1024,
    maxPatterns: 0,
    gapEvents: true,
    ...options,
  });
  await hub.start();
  return hub;
}

export const exact = (pattern: string): Matcher => ({ type: 'exact', pattern });

export const update = (id: string, fields: Partial<Update> = {}): Update => ({
  id,
  topics: ['t'],
  data: '',
  private: false,
  ...fields,
});

export interface Follower {
  readonly subscriber: Subscriber;
  readonly sink: RecordingSink;
}

/** Subscribes as the HTTP layer does: register, locate, begin. */
export async function follow(
  hub: Hub,
  matchers: readonly Matcher[],
  {
    grants = NO_GRANTS,
    from,
    sink = new RecordingSink(),
  }: { grants?: Grants; from?: string; sink?: RecordingSink } = {},
): Promise<Follower> {
  const subscriber = await hub.register({ matchers, grants, client: 'c', bounded: true });
  hub.begin(subscriber, sink, from, from === undefined ? undefined : await hub.locate(from));
  return { subscriber, sink };
}

/** Resolves when everything published so far has been dispatched and everything caught up with. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 25; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A transport whose store can be emptied: positions are of one life of it. Each answer takes a turn, as of a server. */
export interface Epochal extends Transport {
  /** Begins another life, which nothing of before is in, and tells the node. */
  wipe(newest?: StartPoint['newest']): void;
  /** How often each was asked. */
  readonly asked: { reads: number; locates: number };
}

export function epochal(options?: MemoryTransportOptions, newest?: StartPoint['newest']): Epochal {
  let epoch = 0;
  let kept = memory(options);
  let listener: TransportListener;
  const asked = { reads: 0, locates: 0 };
  const begin = async (): Promise<void> => {
    const mine = epoch;
    await kept.start({
      appended: (batch) =>
        listener.appended(batch.map((stored) => ({ ...stored, position: `${mine}.${stored.position}` }))),
      gap: () => undefined,
    });
  };
  const turn = () => new Promise((resume) => setTimeout(resume, 1));
  const own = (position: string) => position.slice(`${epoch}.`.length);
  return {
    durability: 'process',
    asked,
    async start(told) {
      listener = told;
      await begin();
      return { position: '0.0', newest };
    },
    append: (updates, kind) => kept.append(updates, kind),
    async locate(id) {
      asked.locates++;
      const mine = epoch;
      const cursor = await kept.locate(id);
      await turn();
      return cursor.found ? { found: true, position: `${mine}.${cursor.position}` } : cursor;
    },
    earliest: async () => `${epoch}.${await kept.earliest()}`,
    async read(after, until) {
      asked.reads++;
      const mine = epoch;
      const page = after.startsWith(`${mine}.`) ? await kept.read(own(after), own(until)) : undefined;
      await turn();
      if (!page) return undefined;
      if (!until.startsWith(`${mine}.`)) return { updates: [], end: after };
      const updates = page.updates.map(({ position, update }) => ({
        update,
        position: `${mine}.${position}`,
      }));
      return { ...page, updates, end: `${mine}.${page.end}` };
    },
    close: () => kept.close(),
    wipe(left) {
      epoch++;
      kept = memory(options);
      void begin();
      listener.gap(`${epoch}.0`, left);
    },
  };
}

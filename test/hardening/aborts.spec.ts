import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Authorizer } from '../../src/authorization/authorizer.js';
import type { History } from '../../src/hub/history.js';
import { eventually } from '../support/eventually.js';
import { open } from '../support/http-client.js';
import { ADAPTERS, createHubApp, type HubApp } from '../support/hub-app.js';
import { named } from '../support/named.js';
import { connectRaw, type RawConnection, rawRequest } from '../support/raw-connection.js';
import { legacyToken } from '../support/tokens.js';

const SOME = 100;
const AT_ONCE = 100;

/** A place in the hub where requests can be kept, to let their clients go meanwhile. */
class Gate {
  private held: (() => void)[] | undefined;

  /** Keeps whoever comes from now on. */
  shut(): void {
    this.held = [];
  }

  get waiting(): number {
    return this.held?.length ?? 0;
  }

  open(): void {
    const held = this.held ?? [];
    this.held = undefined;
    for (const go of held) go();
  }

  async pass(): Promise<void> {
    if (this.held) await new Promise<void>((resolve) => this.held!.push(resolve));
  }
}

/** What is left of a subscriber anywhere in the hub. */
interface Insides {
  readonly audiences: {
    readonly byKey: ReadonlyMap<string, unknown>;
    readonly index: {
      readonly units: number;
      readonly entries: Readonly<Record<string, ReadonlyMap<string, unknown>>>;
    };
  };
  readonly registry: { readonly clients: ReadonlyMap<string, unknown> };
  readonly presence: { readonly present: ReadonlyMap<unknown, unknown> };
}

function leftIn({ hub, server }: HubApp) {
  const { audiences, registry, presence } = hub as unknown as Insides;
  return {
    subscribers: hub.connections,
    clients: registry.clients.size,
    audiences: audiences.byKey.size,
    entries: Object.values(audiences.index.entries).reduce((sum, { size }) => sum + size, 0),
    units: audiences.index.units,
    present: presence.present.size,
    listeners: server.eventNames().map((name) => [name, server.listenerCount(name)]),
  };
}

const LINE = 'GET /.well-known/mercure?topic=a&topic=/b/{x}&match_urlpattern=/c/:x HTTP/1.1';
const GATES = ['authentication', 'locate', 'read'] as const;

describe.each(ADAPTERS)('Of clients that go away, on %s', (adapter) => {
  /** Where the hub has something in its hands for each of them; what it has is the same under every adapter. */
  const MANY = adapter === 'express' ? 1000 : SOME;
  const gates = { authentication: new Gate(), locate: new Gate(), read: new Gate() };
  let hub: HubApp;
  let before: ReturnType<typeof leftIn>;
  let token: string;
  const timers = new Set<NodeJS.Timeout>();

  beforeEach(async () => {
    hub = await createHubApp({ adapter, options: { subscriptions: true, heartbeatMs: 0 } });
    // What each of them asks the history for; the store is asked once for all who ask the same.
    const { history } = (hub.hub as unknown as { beginnings: { context: { history: History } } }).beginnings
      .context;
    const read = history.read.bind(history);
    const locate = history.locate.bind(history);
    vi.spyOn(history, 'locate').mockImplementation((id) => gates.locate.pass().then(() => locate(id)));
    vi.spyOn(history, 'read').mockImplementation((after, until) =>
      gates.read.pass().then(() => read(after, until)),
    );
    const authorizer = hub.app.get(Authorizer, { strict: false });
    const authenticate = authorizer.authenticate.bind(authorizer);
    vi.spyOn(authorizer, 'authenticate').mockImplementation(async (...args) => {
      await gates.authentication.pass();
      return authenticate(...args);
    });
    token = await legacyToken({ subscribe: ['a'] });
    await hub.service.publishMany([
      { topic: 'a', id: 'first' },
      { topic: 'a', id: 'second' },
    ]);
    before = leftIn(hub);
    watchTimers(timers);
  });

  afterEach(async () => {
    for (const gate of GATES) gates[gate].open();
    vi.restoreAllMocks();
    await hub.close();
  });

  /** Clients that have said so much, and their connections. */
  async function clients(count: number, said: string): Promise<RawConnection[]> {
    const all: RawConnection[] = [];
    while (all.length < count)
      all.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => connectRaw(hub.port)))));
    for (const client of all) client.send(said);
    return all;
  }

  async function goAway(all: readonly RawConnection[]): Promise<void> {
    for (const [index, client] of all.entries()) client[index % 2 === 0 ? 'destroy' : 'reset']();
    await noConnections();
  }

  async function noConnections(): Promise<void> {
    let count = -1;
    await eventually('the server has no connections', () => {
      hub.server.getConnections((_, open) => (count = open));
      return count === 0;
    });
  }

  /** The hub works, and has finished what it was at: this request comes after all of theirs. */
  async function expectNothingLeft(): Promise<void> {
    const stream = await open(hub.url, {
      query: { topic: 'a', last_event_id: 'first' },
      headers: { authorization: `Bearer ${token}` },
    });
    expect(stream.status).toBe(200);
    await stream.body.waitFor('id: second\n');
    expect(hub.hub.connections).toBe(1);
    stream.abort();
    await eventually('the last stream is given back', () => hub.hub.connections === 0);
    await noConnections();
    expect(leftIn(hub)).toEqual(before);
    await eventually('no timer is left', () => timers.size === 0);
  }

  it.each(
    named([
      { promise: 'before they have said a word', count: SOME, said: '' },
      { promise: 'in the middle of the head', count: MANY, said: rawRequest(LINE).slice(0, -2) },
    ]),
  )('nothing is left: %s', async (_, { count, said }) => {
    await goAway(await clients(count, said));
    await expectNothingLeft();
  });

  it.each(
    named([
      { promise: 'while their token is judged', count: MANY, gate: 'authentication', from: undefined },
      {
        promise: 'before the headers are sent, while their cursor is looked up',
        count: SOME,
        gate: 'locate',
        from: 'first',
      },
      { promise: 'likewise, from the beginning', count: SOME, gate: 'locate', from: 'earliest' },
      { promise: 'while the history is replayed', count: MANY, gate: 'read', from: 'first' },
    ] as const),
  )('nothing is left: %s', async (_, { count, gate, from }) => {
    gates[gate].shut();
    const headers = { Authorization: `Bearer ${token}`, ...(from && { 'Last-Event-ID': from }) };
    const all = await clients(count, rawRequest(LINE, headers));
    await eventually(`all are kept at ${gate}`, () => gates[gate].waiting === count);
    await goAway(all);
    gates[gate].open();
    await expectNothingLeft();
  });

  it('those who have said nothing hold no shutdown: browsers connect ahead of what they may ask', async () => {
    const silent = await connectRaw(hub.port);
    const closed = hub.close();
    try {
      expect(await silent.received.ended()).toMatch(/end|cut/);
    } finally {
      silent.destroy();
      await closed;
    }
  });

  it('nothing is left: at any moment', async () => {
    const headers = { Authorization: `Bearer ${token}`, 'Last-Event-ID': 'earliest' };
    const said = rawRequest(LINE, headers);
    for (let done = 0; done < 2 * SOME; done += AT_ONCE) {
      await Promise.all(
        Array.from({ length: AT_ONCE }, async (_, index) => {
          const client = await connectRaw(hub.port);
          client.send(said);
          for (let turns = index % 12; turns > 0; turns--)
            await new Promise((nextTurn) => setImmediate(nextTurn));
          client[index % 2 === 0 ? 'destroy' : 'reset']();
        }),
      );
    }
    await noConnections();
    await expectNothingLeft();
  });
});

/** Knows the timers that are neither over nor cleared, of those made from now on. */
function watchTimers(timers: Set<NodeJS.Timeout>): void {
  timers.clear();
  const { setTimeout, clearTimeout } = globalThis;
  const watched = (act: (...args: unknown[]) => void, ms?: number, ...args: unknown[]): NodeJS.Timeout => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act(...args);
    }, ms);
    timers.add(timer);
    return timer;
  };
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(watched as typeof setTimeout);
  vi.spyOn(globalThis, 'clearTimeout').mockImplementation((timer) => {
    timers.delete(timer as NodeJS.Timeout);
    clearTimeout(timer);
  });
}

import { describe, expect, it } from 'vitest';
import { NO_GRANTS } from '../../src/authorization/grants.js';
import type { Hub } from '../../src/hub/hub.js';
import { MercureError } from '../../src/errors.js';
import type { PresenceEntry, PresenceListener, SharesPresence } from '../../src/transport/abilities.js';
import { memory } from '../../src/transport/memory-transport.js';
import type { Transport } from '../../src/transport/transport.js';
import type { Subscriber } from '../../src/subscriber/subscriber.js';
import { exact, quiet, RecordingSink, startHub, update } from './support.js';

const away = () => new MercureError('TRANSPORT_UNAVAILABLE', 503, 'Service Unavailable', 'Try again.');

/** A transport whose board carries, and whose store takes events, when the test says so. */
function board() {
  const inner = memory();
  const carried: (() => void)[] = [];
  const store = { away: false, order: [] as string[] };
  let listener: PresenceListener;
  const wait = (what: string) =>
    new Promise<void>((resolve) =>
      carried.push(() => {
        store.order.push(what);
        resolve();
      }),
    );
  const transport: Transport & SharesPresence = {
    durability: 'process',
    start: (told) => inner.start(told),
    append: (updates, kind) => {
      if (store.away) return Promise.reject(away());
      for (const { data } of updates) store.order.push(data);
      return inner.append(updates, kind);
    },
    locate: (id) => inner.locate(id),
    earliest: () => inner.earliest(),
    read: (after, until) => inner.read(after, until),
    close: () => inner.close(),
    openPresence: (told) => {
      listener = told;
      return {
        join: ([entry]) => wait(`join ${nameOf(entry!)}`),
        leave: () => wait('leave'),
        list: () => Promise.resolve([]),
      };
    },
  };
  const carry = async (): Promise<void> => {
    for (const each of carried.splice(0)) each();
    await quiet();
  };
  return { transport, store, carry, listener: () => listener };
}

const nameOf = ({ text }: PresenceEntry): string =>
  (JSON.parse(text) as { wish: { matcher: { pattern: string } } }).wish.matcher.pattern;

function telling(transport: Transport): Promise<Hub> {
  return startHub({
    transport,
    tellSubscription: ({ wish }, active) =>
      update(`${Math.random()}`, { data: `${wish.matcher.pattern} ${active}` }),
  });
}

function arrive(hub: Hub, topic: string): Subscriber {
  const matcher = exact(topic);
  const wishes = [{ named: 'exact', matcher }] as const;
  const subscriber = hub.registerNow({
    matchers: [matcher],
    wishes,
    grants: NO_GRANTS,
    client: 'c',
    bounded: true,
  });
  hub.begin(subscriber, new RecordingSink());
  return subscriber;
}

describe('presence over nodes', () => {
  it('tells an arrival, and a leaving, only when every list has it', async () => {
    const { transport, store, carry } = board();
    const hub = await telling(transport);
    const subscriber = arrive(hub, 'a');
    await quiet();
    expect(store.order).toEqual([]);
    await carry();
    expect(store.order).toEqual(['join a', 'a true']);
    hub.leave(subscriber);
    await quiet();
    expect(store.order).toHaveLength(2);
    await carry();
    expect(store.order.slice(2)).toEqual(['leave', 'a false']);
  });

  it('tells nobody of one that was gone before anybody was told that it is there', async () => {
    const { transport, store, carry } = board();
    const hub = await telling(transport);
    hub.leave(arrive(hub, 'a'));
    await carry();
    expect(store.order).toEqual(['join a', 'leave']);
  });

  it('tells what another node left behind, and resolves when that is stored, also while the store is away', async () => {
    const { transport, store, carry, listener } = board();
    const hub = await telling(transport);
    const left = (topic: string): PresenceEntry => ({
      id: topic,
      text: JSON.stringify({ wish: { named: 'exact', matcher: exact(topic) }, subscriber: 'urn:x' }),
    });
    store.away = true;
    let isTold = false;
    const told = Promise.all([
      listener().lost([left('a'), left('b')]),
      listener().restored([left('c')]),
    ]).then(() => (isTold = true));
    const subscriber = arrive(hub, 'd');
    await carry();
    hub.leave(subscriber);
    await carry();
    expect([isTold, store.order]).toEqual([false, ['join d', 'leave']]);
    store.away = false;
    await told;
    await expect
      .poll(() => store.order, { timeout: 20_000 })
      .toEqual(['join d', 'leave', 'a false', 'b false', 'c true', 'd true', 'd false']);
  });

  it('waits for what is to be told before it closes the transport, and not for ever', async () => {
    const { transport, store, carry } = board();
    const hub = await telling(transport);
    arrive(hub, 'a');
    await carry();
    const closing = hub.shutdown(0);
    await quiet();
    await carry();
    await closing;
    expect(store.order).toEqual(['join a', 'a true', 'leave', 'a false']);

    const silent = board();
    const other = await telling(silent.transport);
    arrive(other, 'a');
    await other.shutdown(0);
    await expect(silent.transport.append([])).rejects.toMatchObject({ code: 'HUB_CLOSED' });
  });
});

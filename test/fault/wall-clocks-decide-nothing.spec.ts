import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HANG_GUARD_MS } from '../support/byte-log.js';
import { mariadbAnswers } from '../support/mariadb.js';
import { postgresAnswers } from '../support/postgres.js';
import { publish } from '../support/http-client.js';
import { REDIS_URL, redisAnswers, removeKeys } from '../support/redis.js';
import { legacyToken } from '../support/tokens.js';
import { mariadbStore, postgresStore, sqliteStore, type Store } from '../transport/typeorm/support/stores.js';
import { wallClock } from './crowd/clock.js';
import type { HubSettings } from './crowd/hub.js';
import { type HubProcess, startHub } from './crowd/start-hub.js';
import { openAll, Stream } from './crowd/streams.js';
import { longOr } from './support/runs.js';
import { storeOf } from './support/sql-nodes.js';

const TOPIC = 'https://example.com/1';
const HOUR = 3600;
/** Nodes are five minutes apart from the machine: ten times what was asked for. Seconds. */
const SKEW = 300;
const LIMIT = { timeout: 300_000 };

interface Engine {
  readonly name: string;
  /** Whether other nodes may be on it. */
  readonly shared: boolean;
  readonly make: (ageMs: number) => Promise<HubSettings['transport']>;
}

function sql(makeStore: () => Promise<Store>): Engine['make'] {
  return async (ageMs) => {
    const { url } = await storeOf(makeStore);
    return { typeOrm: { url, migrate: true, ageMs, ...(!url.startsWith('sqlite') && { leaseMs: 3000 }) } };
  };
}

function ofRedis(ageMs: number): Promise<HubSettings['transport']> {
  const prefix = `clock-${randomBytes(6).toString('hex')}`;
  onTestFinished(() => removeKeys(REDIS_URL, prefix));
  return Promise.resolve({ redis: { url: REDIS_URL, prefix, ageMs, leaseMs: 3000 } });
}

async function engines(): Promise<Engine[]> {
  const suite = 'clocks';
  return [
    { name: 'memory', shared: false, make: (maxAgeMs) => Promise.resolve({ memory: { maxAgeMs } }) },
    { name: 'SQLite', shared: false, make: sql(sqliteStore) },
    ...((await postgresAnswers(suite))
      ? [{ name: 'PostgreSQL', shared: true, make: sql(postgresStore) }]
      : []),
    // In the long form alone.
    ...(longOr(true, false) && (await mariadbAnswers(suite))
      ? [{ name: 'MariaDB', shared: true, make: sql(mariadbStore) }]
      : []),
    ...((await redisAnswers(suite)) ? [{ name: 'Redis', shared: true, make: ofRedis }] : []),
  ];
}

const ENGINES = await engines();

/** What a stream from a cursor on hears first: all of these, or that something is missing. */
async function resume({ port }: HubProcess, lastEventId: string, last: string): Promise<'all' | 'a gap'> {
  const stream = new Stream(port, { topic: TOPIC, lastEventId });
  try {
    return await Promise.race([
      stream.hears(last).then(() => 'all' as const),
      stream.gap.then(() => 'a gap' as const),
    ]);
  } finally {
    stream.drop();
  }
}

/** Whether the history knows an id. */
async function isKept({ port }: HubProcess, lastEventId: string): Promise<boolean> {
  const stream = new Stream(port, { topic: TOPIC, lastEventId });
  await stream.live;
  stream.drop();
  return !stream.beginsAtEarliest;
}

describe.each(ENGINES)('A wall clock that is set, on $name', ({ make }) => {
  it(
    'an hour back, an hour forth, back by a second, or that stands: ids rise, history and known ids are kept as long as they were to be, heartbeats go on, streams stay open',
    LIMIT,
    async () => {
      const clock = wallClock();
      const start = async (ageMs: number): Promise<HubProcess> =>
        startHub(
          {
            transport: await make(ageMs),
            options: { heartbeatMs: 200, idempotency: { maxAgeMs: ageMs, maxCount: 0 } },
          },
          clock.environment,
        );
      // One keeps longer than this takes, one shorter than it can wait for.
      const patient = await start(1_800_000);
      const hasty = await start(500);
      const [stream] = await openAll(1, () => ({ port: patient.port, topic: TOPIC }));
      const ids = await patient.call('publish', [{ topic: TOPIC, id: 'first', data: '1' }]);
      const made: string[] = [];
      const settings: (() => void)[] = [
        () => clock.shift(-HOUR),
        () => clock.shift(HOUR),
        () => clock.shift(HOUR - 1),
        () => clock.stopAt(Math.floor(Date.now() / 1000)),
      ];
      for (const [number, set] of settings.entries()) {
        const old = Array.from({ length: 200 }, (_, index) => `old-${number}-${index}`);
        await hasty.call(
          'publish',
          old.map((id) => ({ topic: TOPIC, id })),
        );
        set();
        const beats = stream!.beats;
        made.push(
          ...(await patient.call(
            'publish',
            Array.from({ length: 50 }, () => ({ topic: TOPIC })),
          )),
        );
        // Known as long as it was to be: the same id again is not stored again.
        await patient.call('publish', [{ topic: TOPIC, id: 'first', data: '1' }]);
        const last = `mark-${number}`;
        await patient.call('publish', [{ topic: TOPIC, id: last }]);
        await stream!.hears(last);
        expect(await resume(patient, 'first', last)).toBe('all');
        await expect.poll(() => stream!.beats, { timeout: HANG_GUARD_MS }).toBeGreaterThan(beats + 2);
        // And dropped as soon as it was to be, although by the wall clock no time passes.
        await hasty.call('publish', [{ topic: TOPIC, id: `new-${number}` }]);
        await expect
          .poll(() => isKept(hasty, old.pop()!), { timeout: HANG_GUARD_MS, interval: 200 })
          .toBe(false);
      }
      expect(ids).toEqual(['first']);
      expect(made).toEqual(made.toSorted());
      expect(new Set(made).size).toBe(made.length);
      expect(stream!.ids.filter((id) => id.startsWith('urn:'))).toEqual(made);
      expect(stream!.ids.filter((id) => id === 'first')).toHaveLength(1);
      expect(stream!.gaps).toBe(0);
    },
  );
});

describe('A token', () => {
  it('is good from nbf on and until exp, to the second, by the wall clock as it is', LIMIT, async () => {
    const clock = wallClock();
    const hub = await startHub({ transport: { memory: {} } }, clock.environment);
    const url = `http://127.0.0.1:${hub.port}/.well-known/mercure`;
    const now = Math.floor(Date.now() / 1000);
    const answer = async (claims: Record<string, number>): Promise<number> =>
      (await publish(url, await legacyToken({ publish: ['*'] }, { claims }), { topic: TOPIC })).status;
    for (const at of [now, now - HOUR, now + HOUR]) {
      clock.stopAt(at);
      expect(await answer({ exp: at + 1 })).toBe(200);
      expect(await answer({ exp: at })).toBe(401);
      expect(await answer({ exp: at + HOUR, nbf: at })).toBe(200);
      expect(await answer({ exp: at + HOUR, nbf: at + 1 })).toBe(401);
    }
    // One that was proved while it was good is not remembered as good.
    const token = await legacyToken({ publish: ['*'] }, { claims: { exp: now + 60 } });
    clock.stopAt(now);
    expect((await publish(url, token, { topic: TOPIC })).status).toBe(200);
    clock.stopAt(now + 60);
    expect((await publish(url, token, { topic: TOPIC })).status).toBe(401);
  });
});

describe.each(ENGINES.filter(({ shared }) => shared))('Nodes ten minutes apart, on $name', ({ make }) => {
  it(
    'have one order, miss nothing, hear nothing twice, take nobody for dead and drop nothing that is young',
    LIMIT,
    async () => {
      // Less than they are apart.
      const transport = await make((SKEW * 1000 * 2) / 3);
      const node = (seconds: number): Promise<HubProcess> => {
        const clock = wallClock();
        clock.shift(seconds);
        return startHub({ transport, options: { subscriptions: true } }, clock.environment);
      };
      const hubs = [await node(-SKEW), await node(SKEW)];
      const streams = await openAll(hubs.length, (index) => ({ port: hubs[index]!.port, topic: TOPIC }));
      const published: string[] = [];
      for (let turn = 0; turn < 50; turn++) {
        const some = hubs.map((hub) => hub.call('publish', [{ topic: TOPIC }]));
        // One at a time and both at once.
        if (turn % 2 === 0) for (const ids of some) published.push(...(await ids));
        else published.push(...(await Promise.all(some)).flat());
      }
      await hubs[1]!.call('publish', [{ topic: TOPIC, id: 'last' }]);
      await Promise.all(streams.map((stream) => stream.hears('last')));
      const [one, other] = streams;
      expect(one!.ids).toEqual(other!.ids);
      expect(one!.ids.toSorted()).toEqual([...published, 'last'].toSorted());
      expect([one!.gaps, other!.gaps]).toEqual([0, 0]);
      // A node that is started now judges what is there by its own clock, if by any.
      const late = await node(SKEW);
      // Longer than a lease, and than two looks at what is too old.
      await new Promise((resume) => setTimeout(resume, 4000));
      for (const hub of [...hubs, late]) expect(await hub.call('listed')).toBe(streams.length);
      for (const hub of [...hubs, late]) {
        expect(await resume(hub, one!.ids[0]!, 'last')).toBe('all');
        expect(await resume(hub, 'earliest', 'last')).toBe('all');
      }
      expect(streams.map((stream) => stream.ids.length)).toEqual([101, 101]);
    },
  );
});

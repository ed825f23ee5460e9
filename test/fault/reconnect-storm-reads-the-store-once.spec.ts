import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { postgresAnswers } from '../support/postgres.js';
import { REDIS_URL, redisAnswers, removeKeys } from '../support/redis.js';
import { postgresStore, sqliteStore, type Store } from '../transport/typeorm/support/stores.js';
import type { HubSettings } from './crowd/hub.js';
import { type HubProcess, startHub, startPlain } from './crowd/start-hub.js';
import { dropAll, openAll, type Stream } from './crowd/streams.js';
import { IS_LONG, longOr } from './support/runs.js';
import { storeOf } from './support/sql-nodes.js';

const CLIENTS = longOr(10_000, 500);
const TOPICS = Array.from({ length: 50 }, (_, index) => `https://example.com/${index}`);
/** Updates of each topic that are stored before the clients go, while they are away, and while they come back. */
const FIRST = 1;
const MISSED = 5;
const LIVE = 2;

interface Engine {
  readonly name: string;
  readonly nodes: number;
  readonly makeStore: () => Promise<HubSettings['transport']>;
}

async function engines(): Promise<Engine[]> {
  const sql = (makeStore: () => Promise<Store>) => async () => ({
    typeOrm: { url: (await storeOf(makeStore)).url, migrate: true },
  });
  return [
    { name: 'SQLite', nodes: 1, makeStore: sql(sqliteStore) },
    ...((await postgresAnswers('reconnect storms'))
      ? [{ name: 'PostgreSQL, two nodes', nodes: 2, makeStore: sql(postgresStore) }]
      : []),
    ...((await redisAnswers('reconnect storms'))
      ? [{ name: 'Redis, two nodes', nodes: 2, makeStore: ofRedis }]
      : []),
  ];
}

function ofRedis(): Promise<HubSettings['transport']> {
  const prefix = `storm-${randomBytes(6).toString('hex')}`;
  onTestFinished(() => removeKeys(REDIS_URL, prefix));
  return Promise.resolve({ redis: { url: REDIS_URL, prefix } });
}

/** Of each topic the ids of the updates number `from` to `from + count`. */
function idsOf(from: number, count: number): string[][] {
  return TOPICS.map((_, topic) =>
    Array.from({ length: count }, (_item, index) => String((from + index) * TOPICS.length + topic)),
  );
}

/** The clients of a run: each has a topic, and comes to one of the nodes. */
class Crowd {
  constructor(private readonly hubs: readonly HubProcess[]) {}

  /** @param shift another node's clients come to a node */
  open(cursor: (topic: number) => string | undefined, shift: number): Promise<Stream[]> {
    return openAll(CLIENTS, (index) => ({
      topic: TOPICS[index % TOPICS.length]!,
      port: this.hubs[(Math.floor(index / TOPICS.length) + shift) % this.hubs.length]!.port,
      lastEventId: cursor(index % TOPICS.length),
    }));
  }

  /** So many updates of each topic, from a number on. */
  publish(from: number, count: number): Promise<void> {
    const series = { topics: TOPICS, from: from * TOPICS.length, count: count * TOPICS.length };
    return this.hubs[0]!.call('publishSeries', series);
  }

  /** Resolves when each has exactly these, in order, and was told of no gap. */
  async hears(streams: readonly Stream[], from: number, count: number): Promise<void> {
    const expected = idsOf(from, count);
    await Promise.all(streams.map((stream, index) => stream.hears(expected[index % TOPICS.length]!.at(-1)!)));
    for (const [index, stream] of streams.entries()) {
      expect(stream.ids).toEqual(expected[index % TOPICS.length]);
      expect(stream.gaps).toBe(0);
    }
  }
}

describe.each(await engines())('When all clients come back at once, on $name', ({ nodes, makeStore }) => {
  it(
    `${CLIENTS} of them with cursors, to nodes that were killed: the store is asked by topics, not by clients, and nobody misses anything`,
    { timeout: longOr(600_000, 300_000) },
    async () => {
      const transport = await makeStore();
      const begin = (): Promise<HubProcess[]> =>
        Promise.all(Array.from({ length: nodes }, () => startHub({ transport })));
      const hubs = await begin();
      const before = new Crowd(hubs);
      const first = await before.open(() => undefined, 0);
      await before.publish(0, FIRST);
      await before.hears(first, 0, FIRST);
      await dropAll(first);
      await before.publish(FIRST, MISSED);
      await Promise.all(hubs.map((hub) => hub.kill()));

      // Their memory is empty: everything that was missed is in the store alone.
      const again = await begin();
      for (const hub of again) {
        await hub.call('watchStalls');
        await hub.call('resetStatements');
      }
      const after = new Crowd(again);
      const started = performance.now();
      const coming = after.open((topic) => String(topic), 1);
      await after.publish(FIRST + MISSED, LIVE);
      const second = await coming;
      const ms = Math.round(performance.now() - started);
      await after.hears(second, FIRST, MISSED + LIVE);
      const asked = await Promise.all(again.map((hub) => hub.call('statements')));
      // What was found is remembered for half a minute; a machine that is slower asks again.
      const most = TOPICS.length * (1 + Math.floor((performance.now() - started) / 30_000));
      for (const { lookUps, pages } of asked) {
        expect(lookUps, 'asked').toBeGreaterThan(0);
        expect(lookUps).toBeLessThanOrEqual(most);
        expect(pages, 'asked').toBeGreaterThan(0);
        // One for each cursor, and some for what was published since they were read.
        expect(pages).toBeLessThanOrEqual(1.5 * most);
      }
      await dropAll(second);
      if (!IS_LONG) return;
      const stalls = await Promise.all(again.map((hub) => hub.call('longestStall')));
      console.log('storm', JSON.stringify({ ms, stalls, asked, plain: await stormOnPlain() }));
    },
  );
});

/** The same crowd on `node:http` that answers with a head and a line, in this run. */
async function stormOnPlain(): Promise<{ readonly ms: number; readonly stall: number }> {
  const plain = await startPlain();
  await plain.call('watchStalls');
  const started = performance.now();
  const streams = await openAll(CLIENTS, () => ({ topic: 'a', port: plain.port, lastEventId: '1' }));
  const ms = Math.round(performance.now() - started);
  const stall = await plain.call('longestStall');
  await dropAll(streams);
  return { ms, stall };
}

import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildProgram, programs } from '../standalone/support/program.js';
import { eventsOf, open, send, type StreamedResponse } from '../support/http-client.js';
import { REDIS_URL, redisAnswers, removeKeys } from '../support/redis.js';
import { servers } from './support/sql-nodes.js';
import { AUDIENCE, ISSUER, KEY, legacyToken, modernToken } from '../support/tokens.js';

/** Short enough to wait for its end, long enough for a machine that is busy. Milliseconds. */
const LEASE_MS = 3000;
const ROOT = '/.well-known/mercure/subscriptions';
const STREAMS = 30;

interface Described {
  readonly subscriber: string;
  readonly active: boolean;
}

interface Shared {
  readonly url: string;
  drop(): Promise<void>;
}

function redisStore(): Promise<Shared> {
  const prefix = `gone-${randomUUID()}`;
  const url = new URL(REDIS_URL);
  url.searchParams.set('prefix', prefix);
  return Promise.resolve({ url: url.href, drop: () => removeKeys(REDIS_URL, prefix) });
}

const SUITE = 'the subscribers of programs on one store';
const STORES: { readonly name: string; readonly makeStore: () => Promise<Shared> }[] = [
  ...((await redisAnswers(SUITE)) ? [{ name: 'Redis', makeStore: redisStore }] : []),
  ...(await servers(SUITE)),
];

describe.each(STORES)('Programs on one $name', ({ makeStore }) => {
  beforeAll(() => void buildProgram(), 180_000);
  const start = programs();

  it.each([
    ['1.0', 'match', 'match_urlpattern', `${ROOT}/exact/*`, () => modernToken({ subscribe: ['*'] })],
    ['0.x', 'topic', 'topic', '*', () => legacyToken({ subscribe: ['*'] })],
  ] as const)(
    'list the subscribers of all of them, and those of one that is killed are gone within its lease, told once, %s',
    { timeout: 120_000 },
    async (_, parameter, watching, pattern, tokenOf) => {
      const store = await makeStore();
      const url = new URL(store.url);
      url.searchParams.set('leaseMs', String(LEASE_MS));
      const environment = {
        PORT: '0',
        PATH: process.env['PATH']!,
        MERCURE_ANONYMOUS: '1',
        MERCURE_SUBSCRIPTIONS: '1',
        MERCURE_TRUSTED_ISSUERS: ISSUER,
        MERCURE_RESOURCE_IDENTIFIER: AUDIENCE,
        MERCURE_SUBSCRIBER_JWT_KEY: KEY,
        MERCURE_SHUTDOWN_SPREAD: '0',
        MERCURE_TRANSPORT_URL: url.href,
      };
      const hubs = [start(environment), start(environment), start(environment)];
      const [one, other, killed] = (await Promise.all(hubs.map((hub) => hub.url()))) as [
        string,
        string,
        string,
      ];
      const token = await tokenOf();
      const headers = { authorization: `Bearer ${token}` };
      const watchers = [
        await open(one, { query: { [watching]: pattern }, headers }),
        await open(other, { query: { [watching]: pattern }, headers }),
      ];
      for (const { status } of watchers) expect(status).toBe(200);
      const topic = (index: number) => `https://example.com/${parameter}/${index}`;
      await Promise.all(
        Array.from({ length: STREAMS }, (_each, index) =>
          open(killed, { query: { [parameter]: topic(index) } }),
        ),
      );
      const stays = await open(other, { query: { [parameter]: 'https://example.com/stays' } });
      const told = (watcher: StreamedResponse, active: boolean) =>
        described(watcher).filter((each) => each.active === active && each.topic.includes('example.com'));
      for (const watcher of watchers) {
        await watcher.body.waitFor(() => told(watcher, true).length === STREAMS + 1);
      }
      const listed = async (hub: string): Promise<string[]> => {
        const answer = await send(hub.replace('/.well-known/mercure', ROOT), { headers });
        expect(answer.status).toBe(200);
        const { subscriptions } = JSON.parse(answer.text) as {
          subscriptions: { topic?: string; match?: string }[];
        };
        return subscriptions
          .map(({ topic: legacy, match }) => (legacy ?? match)!)
          .filter((each) => each.includes('example.com'));
      };
      for (const hub of [one, other, killed]) expect(await listed(hub)).toHaveLength(STREAMS + 1);

      hubs[2]!.kill('SIGKILL');
      await expect
        .poll(() => listed(one), { timeout: 60_000, interval: 100 })
        .toEqual(['https://example.com/stays']);
      for (const watcher of watchers) {
        await watcher.body.waitFor(() => told(watcher, false).length >= STREAMS);
      }
      // Whoever else would tell it as well has had the time: this is told after it.
      await new Promise((resume) => setTimeout(resume, LEASE_MS));
      stays.abort();
      for (const watcher of watchers) {
        await watcher.body.waitFor(() => told(watcher, false).some((each) => each.topic.endsWith('/stays')));
        const gone = told(watcher, false).map((each) => each.topic);
        const all = [
          ...Array.from({ length: STREAMS }, (_each, index) => topic(index)),
          'https://example.com/stays',
        ];
        expect(gone.toSorted(), 'each once').toEqual(all.toSorted());
      }
      for (const watcher of watchers) watcher.abort();
      for (const hub of hubs) hub.kill('SIGKILL');
      await Promise.all(hubs.map((hub) => hub.exit()));
      await store.drop();
    },
  );
});

function described({ body }: StreamedResponse): (Described & { readonly topic: string })[] {
  return eventsOf(body.text).flatMap(({ data }) => {
    const document = JSON.parse(data) as Described & { topic?: string; match?: string };
    return [{ ...document, topic: (document.topic ?? document.match)! }];
  });
}

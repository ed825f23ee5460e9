import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { redis, type RedisTransport } from 'nestjs-mercure/redis';
import { describe, expect, it } from 'vitest';
import { REDIS_URL, redisAnswers, removeKeys, withRedis } from '../../support/redis.js';

const SIZE = 7;
const TOPICS = 3;

/** One call: the ids it appends, few and therefore often used again. */
const call = fc.record({
  kind: fc.constantFrom('update' as const, 'update' as const, 'presence' as const, 'once' as const),
  ids: fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1, maxLength: 6 }),
  body: fc.constantFrom('1', '2'),
});
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

const updateOf = (id: string, data: string) => ({ id, topics: [`topic-${id}`, 'all'], data, private: false });

/** What the scripts should do, as plainly as it can be said. */
class Model {
  readonly updates: { readonly id: string; readonly number: number; readonly data: string }[] = [];
  readonly events: { readonly id: string; readonly number: number }[] = [];
  private readonly once = new Map<string, string>();
  private readonly latest = new Map<string, number>();
  private count = 0;
  private dropped = 0;

  /** Whether it is accepted. */
  apply({ kind, ids, body }: Call): boolean {
    if (kind === 'once' && ids.some((id) => (this.once.get(id) ?? body) !== body)) return false;
    for (const id of ids) {
      if (kind === 'once' && this.once.has(id)) continue;
      const entry = { id, number: ++this.count, data: body };
      (kind === 'presence' ? this.events : this.updates).push(entry);
      if (kind === 'once') this.once.set(id, body);
      if (kind !== 'presence') this.retain(id);
    }
    const over = this.updates.splice(0, Math.max(0, this.updates.length - SIZE));
    this.dropped = over.at(-1)?.number ?? this.dropped;
    return true;
  }

  /** The number at which an id is found: of its first kept entry, where that is not before the oldest kept update. */
  locate(id: string): number | undefined {
    const numbers = [...this.updates, ...this.events].flatMap((each) =>
      each.id === id ? [each.number] : [],
    );
    const first = Math.min(...numbers);
    return first !== Infinity && first >= this.dropped ? first : undefined;
  }

  newest(topics: readonly string[]): number[] {
    return [...new Set(topics.flatMap((topic) => this.latest.get(topic) ?? []))].toSorted((a, b) => a - b);
  }

  private retain(id: string): void {
    for (const topic of [`topic-${id}`, 'all']) {
      this.latest.delete(topic);
      this.latest.set(topic, this.count);
    }
    for (const topic of [...this.latest.keys()].slice(0, Math.max(0, this.latest.size - TOPICS))) {
      this.latest.delete(topic);
    }
  }
}

const numberOf = (position: string): number => Number(/:(\d+)-/.exec(position)![1]);

async function append(transport: RedisTransport, { kind, ids, body }: Call): Promise<boolean> {
  const updates = ids.map((id) => updateOf(id, body));
  const stored =
    kind === 'once'
      ? transport.appendOnce(updates, { maxAgeMs: 0, maxCount: 1000 })
      : transport.append(updates, kind);
  return stored.then(
    () => true,
    () => false,
  );
}

describe.skipIf(!(await redisAnswers('the scripts against a model')))('The scripts in Redis', () => {
  it(
    'do what a plain model does, whatever is appended, and keep no more than they need',
    { timeout: 120_000 },
    async () => {
      const property = fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 40 }), async (calls) => {
        const prefix = `model-${randomUUID()}`;
        const transport = redis({ url: REDIS_URL, prefix, size: SIZE });
        transport.retain({ maxTopics: TOPICS });
        const model = new Model();
        let seen = 0;
        await transport.start({
          appended: (batch) => void (seen += batch.length),
          gap: () => expect.fail('no gap'),
        });
        try {
          for (const each of calls) expect(await append(transport, each)).toBe(model.apply(each));
          for (const id of ['a', 'b', 'c', 'd', 'e']) {
            const cursor = await transport.locate(id);
            const found = cursor.found ? numberOf(cursor.position) : undefined;
            const isNewest = found !== undefined && found === (await last(prefix));
            if (!isNewest || model.locate(id) !== undefined) expect(found, id).toBe(model.locate(id));
          }
          const end = `${(await transport.earliest()).split(':')[0]}:${2 ** 40}-0`;
          for (const topics of [['all'], ['topic-a', 'topic-b', 'topic-c', 'topic-d', 'topic-e', 'all']]) {
            const latest = await transport.latest(topics, end);
            expect(latest.map(({ position }) => numberOf(position))).toEqual(model.newest(topics));
          }
          expect(await sizes(prefix)).toEqual({
            stream: model.updates.length,
            ids: new Set(model.updates.map(({ id }) => id)).size,
            // One for each further use of an id, and one for each id that was used again.
            again:
              model.updates.length +
              distinctRepeated(model) -
              new Set(model.updates.map(({ id }) => id)).size,
            retained: model.newest(['topic-a', 'topic-b', 'topic-c', 'topic-d', 'topic-e', 'all']).length,
            uses: model.newest(['topic-a', 'topic-b', 'topic-c', 'topic-d', 'topic-e', 'all']).length,
            bytes: model.updates.reduce((sum, { id, data }) => sum + weigh(id, data), 0),
          });
        } finally {
          await transport.close();
          await removeKeys(REDIS_URL, prefix);
        }
      });
      await fc.assert(property, { numRuns: Number(process.env['RUNS'] ?? 20) });
    },
  );
});

function distinctRepeated({ updates }: Model): number {
  const ids = updates.map(({ id }) => id);
  return new Set(ids.filter((id, index) => ids.indexOf(id) !== index)).size;
}

function weigh(id: string, data: string): number {
  const { topics } = updateOf(id, data);
  return 200 + id.length + JSON.stringify([0, topics, null, null]).length + data.length;
}

async function last(prefix: string): Promise<number> {
  return withRedis(REDIS_URL, async (client) =>
    Number.parseInt((await client.hget(`{${prefix}}:meta`, 'last'))!, 10),
  );
}

async function sizes(prefix: string): Promise<Record<string, number>> {
  const key = (name: string): string => `{${prefix}}:${name}`;
  return withRedis(REDIS_URL, async (client) => ({
    stream: await client.xlen(key('stream')),
    ids: await client.hlen(key('ids')),
    again: await client.hlen(key('again')),
    retained: await client.hlen(key('retained-updates')),
    uses: await client.hlen(key('retained-uses')),
    bytes: Number(await client.hget(key('meta'), 'bytes')),
  }));
}

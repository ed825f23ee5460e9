import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { random, seedOfRun } from '../../property/support/random.js';
import { eventsOf, type StreamedResponse } from '../../support/http-client.js';
import { postgresAnswers, query } from '../../support/postgres.js';
import { REDIS_URL, redisAnswers, removeKeys } from '../../support/redis.js';
import { Application, type OutboxTransport } from './application.js';
import { makeDatabase, type SharedDatabase } from './database.js';

const SUITE = 'test/fault/outbox/order-of-processes';
const [postgres, redis] = await Promise.all([postgresAnswers(SUITE), redisAnswers(SUITE)]);
const HANG_GUARD_MS = 240_000;
const seed = seedOfRun() % 1_000_000;

/** Steps one after the other, each begun when the one before is committed. */
const STEPS = process.env['FAULT_RUNS'] === 'long' ? 3000 : 300;
/** Writers beside them, in each process. */
const NOISE = 4;

describe.skipIf(!postgres)('two processes that write into one PostgreSQL under an outbox', () => {
  let database: SharedDatabase;
  let both: Application[] = [];
  let prefix: string;

  beforeEach(async () => {
    database = await makeDatabase('PostgreSQL', 'order');
    prefix = `order-${randomUUID()}`;
  });
  afterEach(async () => {
    await Promise.all(both.map((each) => each.stop()));
    both = [];
    await database?.drop();
    if (redis) await removeKeys(REDIS_URL, prefix);
  });

  // What lies in a process's memory is no hub of two.
  const TRANSPORTS = (['log', 'redis'] as const).filter((each) => each !== 'redis' || redis);

  it.each(TRANSPORTS)(
    `show all readers one order, in which what was begun after a commit comes later (%s, seed ${seed})`,
    { timeout: HANG_GUARD_MS },
    async (transport: OutboxTransport) => {
      const chance = random(seed);
      const [one, other] = [0, 1].map(() => new Application(database, transport, prefix)) as [
        Application,
        Application,
      ];
      both = [one, other];
      await one.start();
      await other.start();
      await slowCommits(database);
      const readers = await Promise.all(both.map((each) => each.follow()));
      await Promise.all(both.map((each) => each.post(`noise/${NOISE}`)));
      const steps: string[] = [];
      for (let step = 0; step < STEPS; step++) {
        await chance.pick(both).post(`step/step-${step}`);
        steps.push(`step-${step}`);
      }
      await Promise.all(both.map((each) => each.post('quiet')));
      await one.post('settle/end');
      const told = await Promise.all(readers.map((reader) => toldTo(reader)));
      expect(told[0], 'the readers').toEqual(told[1]);
      const titles = told[0]!.map(({ title }) => title);
      expect(titles.filter((title) => title.startsWith('step-'))).toEqual(steps);
      expect(new Set(told[0]!.map(({ id }) => id)).size, 'each once').toBe(told[0]!.length);
      // A writer begins its next when the last is committed, too.
      const noise = titles.filter((title) => !title.startsWith('step-'));
      expect(noise.length, 'others wrote meanwhile').toBeGreaterThan(STEPS / 10);
      for (const [writer, counts] of byWriter(noise)) {
        expect(counts, `of writer ${writer}`).toEqual(counts.map((_, index) => index));
      }
      console.log(`${transport}, seed ${seed}: ${steps.length} steps, ${noise.length} others between them`);
    },
  );
});

/** COMMIT takes its time with rows of noise, when their outbox rows have their positions already. */
async function slowCommits({ place }: SharedDatabase): Promise<void> {
  const { schema } = JSON.parse(place) as { schema: string };
  await query(
    `CREATE FUNCTION ${schema}.take_time() RETURNS trigger LANGUAGE plpgsql AS
     'BEGIN PERFORM pg_sleep(random() * 0.02); RETURN NULL; END'`,
    `CREATE CONSTRAINT TRIGGER take_time AFTER INSERT ON ${schema}.noise DEFERRABLE INITIALLY DEFERRED
     FOR EACH ROW EXECUTE FUNCTION ${schema}.take_time()`,
  );
}

/** What a reader was told of rows, in its order. */
async function toldTo({ body, abort }: StreamedResponse): Promise<{ id: string; title: string }[]> {
  const text = await body.waitFor('data: "end"\n\n');
  abort();
  return eventsOf(text)
    .map(({ id, data }) => ({ id: id!, title: (JSON.parse(data) as { title?: string }).title ?? '' }))
    .filter(({ title }) => title !== '');
}

/** The counts that writers gave their rows, in the order told. */
function byWriter(titles: readonly string[]): Map<string, number[]> {
  const writers = new Map<string, number[]>();
  for (const title of titles) {
    const [writer, count] = [
      title.slice(0, title.lastIndexOf('/')),
      Number(title.slice(title.lastIndexOf('/') + 1)),
    ];
    writers.set(writer, [...(writers.get(writer) ?? []), count]);
  }
  return writers;
}

import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { choices as choicesOf } from '../../src/testing/choices.js';
import { buildProgram, type Program, programs } from '../standalone/support/program.js';
import { eventually } from '../support/eventually.js';
import { type Answer, eventsOf, idsOf, open, publish, send } from '../support/http-client.js';
import { KEY, legacyToken } from '../support/tokens.js';
import { sqliteStore } from '../transport/typeorm/support/stores.js';
import { longOr, pause } from './support/runs.js';
import { engines, storeOf } from './support/sql-nodes.js';

beforeAll(() => void buildProgram(), 180_000);

const start = programs();
const ENVIRONMENT = {
  PORT: '0',
  MERCURE_ANONYMOUS: '1',
  MERCURE_PUBLISHER_JWT_KEY: KEY,
  MERCURE_SHUTDOWN_SPREAD: '0',
  MERCURE_DISPATCH_TIMEOUT: '1s',
};
const TOPIC = 'https://example.com/1';

describe.each(await engines('a hub that is killed'))('A hub on $name', ({ makeStore }) => {
  it(
    `that is killed ${longOr(30, 3)} times while many publish loses nothing that it acknowledged`,
    { timeout: longOr(600_000, 120_000) },
    async () => {
      const seed = Math.trunc(Math.random() * 2 ** 31);
      const choices = choicesOf(seed);
      const { url } = await storeOf(makeStore);
      const token = await legacyToken({ publish: ['*'] });
      const acknowledged: string[] = [];
      for (let life = 0; life < longOr(30, 3); life++) {
        const hub = start({ ...ENVIRONMENT, MERCURE_TRANSPORT_URL: url });
        const hubUrl = await hub.url();
        const running = new AbortController();
        const publisher = async (name: number): Promise<void> => {
          for (let number = 0; !running.signal.aborted; number++) {
            const id = `${life}-${name}-${number}`;
            const answer = await publish(hubUrl, token, { topic: TOPIC, id, data: id }).catch(
              () => undefined,
            );
            if (answer?.status === 200) acknowledged.push(id);
          }
        };
        const publishers = Array.from({ length: 20 }, (_, name) => publisher(name));
        // Not by the clock alone: a busy machine has acknowledged little by then.
        const enough = acknowledged.length + 50;
        await eventually('some are acknowledged', () => acknowledged.length >= enough);
        await pause(choices.below(300));
        hub.kill('SIGKILL');
        running.abort();
        await hub.exit();
        await Promise.all(publishers);
      }
      const last = start({ ...ENVIRONMENT, MERCURE_TRANSPORT_URL: url });
      const lastUrl = await last.url();
      await publish(lastUrl, token, { topic: TOPIC, id: 'end' });
      const stream = await open(lastUrl, { query: { topic: TOPIC, lastEventID: 'earliest' } });
      await stream.body.waitFor('id: end');
      const stored = idsOf(stream.body.text);
      const missing = new Set(acknowledged);
      for (const id of stored) missing.delete(id);
      expect([...missing], `seed ${seed}`).toEqual([]);
      expect(new Set(stored).size, 'nothing twice').toBe(stored.length);
      // Each publisher waited for its answers: what it published is there in its order.
      for (let name = 0; name < 20; name++) {
        const theirs = stored
          .filter((id) => id.startsWith(`0-${name}-`))
          .map((id) => Number(id.split('-')[2]));
        expect(theirs).toEqual(theirs.toSorted((one, other) => one - other));
      }
    },
  );
});

describe('A SQLite file', () => {
  it('that a hub has open is refused to a second one with a clear error, and free when the first is killed', async () => {
    const { url } = await storeOf(sqliteStore);
    const environment = { ...ENVIRONMENT, MERCURE_TRANSPORT_URL: url };
    const first = start(environment);
    const firstUrl = await first.url();
    const second = start(environment);
    expect((await second.exit()).code).toBe(1);
    expect(second.stderr.text).toMatch(
      /^error: Another hub has this SQLite file open\. One process serves a file.*\n$/,
    );
    expect((await publish(firstUrl, await legacyToken({ publish: ['*'] }), { topic: TOPIC })).status).toBe(
      200,
    );
    first.kill('SIGKILL');
    await first.exit();
    await start(environment).url();
  });

  it(
    'on a disk that is full: publications are 503 with Retry-After, streams stay open, and it recovers by itself',
    { timeout: 120_000 },
    async () => {
      const { url } = await storeOf(sqliteStore);
      const hub = start({ ...ENVIRONMENT, MERCURE_TRANSPORT_URL: url });
      const hubUrl = await hub.url();
      const token = await legacyToken({ publish: ['*'] });
      const stream = await open(hubUrl, { query: { topic: TOPIC } });
      const data = 'x'.repeat(100_000);
      expect((await publish(hubUrl, token, { topic: TOPIC, id: 'before', data })).status).toBe(200);
      limitFiles(hub, 2 * 1024 * 1024);
      const acknowledged = ['before'];
      let refusal: Answer | undefined;
      for (let number = 0; !refusal && number < 200; number++) {
        const answer = await publish(hubUrl, token, { topic: TOPIC, id: `n${number}`, data });
        if (answer.status === 200) acknowledged.push(`n${number}`);
        else refusal = answer;
      }
      expect(refusal, 'the disk was full').toBeDefined();
      expect(refusal).toMatchObject({ status: 503, reason: 'Service Unavailable' });
      expect(Number(refusal?.headers['retry-after'])).toBeGreaterThan(0);
      expect((await publish(hubUrl, token, { topic: TOPIC, data })).status, 'while it lasts').toBe(503);
      const ready = async () => (await send(new URL('/readyz', hubUrl).href)).status;
      // What is left of the disk takes something small, until it takes nothing.
      const readyWhenFull = async () => {
        await publish(hubUrl, token, { topic: TOPIC });
        return ready();
      };
      await expect.poll(readyWhenFull, { timeout: 60_000 }).toBe(503);
      limitFiles(hub, 'unlimited');
      const publishAgain = async () => (await publish(hubUrl, token, { topic: TOPIC, id: 'after' })).status;
      await expect.poll(publishAgain, { timeout: 20_000 }).toBe(200);
      acknowledged.push('after');
      expect(await ready()).toBe(200);
      const text = await stream.body.waitFor('id: after');
      const heard = idsOf(text);
      expect(
        acknowledged.filter((id) => !heard.includes(id)),
        'nothing acknowledged is missing',
      ).toEqual([]);
      expect(
        eventsOf(text).some(({ event }) => event === 'mercure'),
        'and no gap is told',
      ).toBe(false);
      stream.abort();
    },
  );
});

/** What a file of another process may weigh from now on; the same errors come as from a disk that is full. */
function limitFiles({ pid }: Program, bytes: number | 'unlimited'): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);
  expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' });
}

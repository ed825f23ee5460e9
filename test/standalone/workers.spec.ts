import { readdirSync, readFileSync } from 'node:fs';
import libsql from 'libsql';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { KEY, legacyToken } from '../support/tokens.js';
import { dataOf, idsOf, open, publish, send, type StreamedResponse } from '../support/http-client.js';
import { sqliteStore } from '../transport/typeorm/support/stores.js';
import { buildProgram, type Program, programs } from './support/program.js';

// A compiler and a bundler, on machines that are shared.
beforeAll(() => void buildProgram(), 120_000);

const start = programs();
const ENVIRONMENT = {
  PORT: '0',
  MERCURE_SHUTDOWN_SPREAD: '0',
  MERCURE_WORKERS: '2',
  MERCURE_ANONYMOUS: '1',
  MERCURE_PUBLISHER_JWT_KEY: KEY,
  MERCURE_SUBSCRIBER_JWT_KEY: KEY,
};
const TOPIC = 'https://example.com/books/1';
const STREAMS = 6;

/** Processes whose parent this is. */
function children(pid: number): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      // After the name in parentheses, which may hold anything: state, then the parent.
      const [, parent] = /\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))!;
      return Number(parent) === pid ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

/** Connections come to the workers in turn. */
function follow(url: string, query: Record<string, string> = {}): Promise<StreamedResponse[]> {
  return Promise.all(Array.from({ length: STREAMS }, () => open(url, { query: { topic: TOPIC, ...query } })));
}

async function numbered(url: string, from: number, to: number): Promise<void> {
  const token = await legacyToken({ publish: ['*'] });
  for (let number = from; number <= to; number++) {
    const { status } = await publish(url, token, { topic: TOPIC, data: `n${number}` });
    expect(status).toBe(200);
  }
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `n${from + i}`);

describe('a hub of several workers', () => {
  it('says how many there are, and each update comes to the streams of all of them, in one order', async () => {
    const program = start(ENVIRONMENT);
    const url = await program.url();
    expect(program.stdout.text).toContain('workers:     2');
    expect(program.stderr.text).toBe('');
    const streams = await follow(url);
    await Promise.all([numbered(url, 1, 20), numbered(url, 21, 40)]);
    const [first, ...others] = await Promise.all(
      streams.map(async ({ body }) => dataOf(await body.waitFor((text) => dataOf(text).length === 40))),
    );
    expect(first!.toSorted()).toEqual(range(1, 40).toSorted());
    for (const other of others) expect(other).toEqual(first);
  });

  it('replaces a worker that is killed; its clients come back with their cursors and miss nothing', async () => {
    const program = start(ENVIRONMENT);
    const url = await program.url();
    const streams = await follow(url);
    await numbered(url, 1, 10);
    await Promise.all(streams.map(({ body }) => body.waitFor('n10')));
    const before = children(program.pid);
    process.kill(before[1]!, 'SIGKILL');
    await program.stderr.waitFor('A worker ended (SIGKILL)');
    await numbered(url, 11, 20);
    await expect.poll(() => children(program.pid).length, { timeout: 20_000 }).toBe(2);
    await numbered(url, 21, 25);

    let killed = 0;
    for (const { body } of streams) {
      const live = await body.waitFor('n25').then(
        () => true,
        () => false,
      );
      const seen = dataOf(body.text);
      if (live) expect(seen).toEqual(range(1, 25));
      else {
        killed++;
        const back = await open(url, { query: { topic: TOPIC, lastEventID: idsOf(body.text).at(-1)! } });
        const rest = dataOf(await back.body.waitFor('n25'));
        expect([...seen, ...rest]).toEqual(range(1, 25));
        back.abort();
      }
    }
    expect(killed).toBeGreaterThan(0);
    expect(killed).toBeLessThan(STREAMS);
  });

  it('tells and lists the subscribers of all workers, and those of one that is killed as gone, once', async () => {
    const program = start({ ...ENVIRONMENT, MERCURE_SUBSCRIPTIONS: '1' });
    const url = await program.url();
    const headers = { authorization: `Bearer ${await legacyToken({ subscribe: ['*'] })}` };
    const watchers = await Promise.all(
      Array.from({ length: STREAMS }, () => open(url, { query: { topic: '*' }, headers })),
    );
    const topics = Array.from({ length: STREAMS }, (_, index) => `https://example.com/${index}`);
    await Promise.all(topics.map((topic) => open(url, { query: { topic } })));
    const told = (text: string, active: boolean): string[] =>
      dataOf(text)
        .map((data) => JSON.parse(data) as { topic: string; active: boolean })
        .filter((each) => each.active === active && each.topic !== '*')
        .map(({ topic }) => topic)
        .toSorted();
    for (const { body } of watchers) await body.waitFor((text) => told(text, true).length === STREAMS);
    const listed = async (): Promise<string[]> => {
      const answer = await send(`${url}/subscriptions`, { headers });
      const { subscriptions } = JSON.parse(answer.text) as { subscriptions: { topic: string }[] };
      return subscriptions.map(({ topic }) => topic).filter((topic) => topic !== '*');
    };
    // Connections come to the workers in turn: both answer, and the same.
    for (let time = 0; time < 4; time++) expect((await listed()).toSorted()).toEqual(topics);

    process.kill(children(program.pid)[0]!, 'SIGKILL');
    await program.stderr.waitFor('ended (SIGKILL)');
    let survivors = 0;
    for (const { body } of watchers) {
      const lives = await body
        .waitFor((text) => told(text, false).length > 0)
        .then(
          () => true,
          () => false,
        );
      if (!lives) continue;
      survivors++;
      await expect
        .poll(() => told(body.text, false), { timeout: 20_000 })
        .toHaveLength(topics.length - (await listed()).length);
    }
    expect(survivors).toBeGreaterThan(0);
    const left = await listed();
    expect(left.length).toBeGreaterThan(0);
    expect(left.length).toBeLessThan(STREAMS);
    const gone = topics.filter((topic) => !left.includes(topic));
    for (const { body } of watchers) {
      if (told(body.text, false).length > 0) expect(told(body.text, false), 'each once').toEqual(gone);
    }
  });

  it('stores one id once, and begins streams with what is retained, whichever worker is asked', async () => {
    const program = start({ ...ENVIRONMENT, MERCURE_IDEMPOTENCY: 'on', MERCURE_RETAIN: 'on' });
    const url = await program.url();
    const token = await legacyToken({ publish: ['*'] });
    const watcher = await open(url, { query: { topic: TOPIC } });
    for (let time = 0; time < STREAMS; time++) {
      const { status, text } = await publish(url, token, { topic: TOPIC, data: 'once', id: 'order' });
      expect([status, text]).toEqual([200, 'order']);
    }
    expect((await publish(url, token, { topic: TOPIC, data: 'other', id: 'order' })).status).toBe(409);
    expect(dataOf(await watcher.body.waitFor('once'))).toEqual(['once']);
    const streams = await follow(url);
    await Promise.all(streams.map(({ body }) => body.waitFor('once')));
    await numbered(url, 1, 3);
    for (const { body } of [watcher, ...streams]) {
      expect(dataOf(await body.waitFor('n3'))).toEqual(['once', 'n1', 'n2', 'n3']);
    }
  });

  it('ends on SIGTERM with all its workers, and they end when the primary is killed', async () => {
    const program = start(ENVIRONMENT);
    const url = await program.url();
    const streams = await follow(url);
    const workers = children(program.pid);
    program.kill('SIGTERM');
    expect(await program.exit()).toEqual({ code: 0, signal: null });
    for (const { body } of streams) expect(await body.ended()).toBe('end');
    expect(workers.filter(isAlive)).toEqual([]);

    const other = start(ENVIRONMENT);
    await other.url();
    const orphans = children(other.pid);
    other.kill('SIGKILL');
    await expect.poll(() => orphans.filter(isAlive), { timeout: 20_000 }).toEqual([]);
  });

  it('publications wait for a store that is away as long as MERCURE_DISPATCH_TIMEOUT says', async () => {
    const stores = [await sqliteStore(), await sqliteStore()] as const;
    for (const store of stores) onTestFinished(() => store.drop());
    const [short, long] = stores.map(({ url }, index) =>
      start({
        ...ENVIRONMENT,
        MERCURE_TRANSPORT_URL: url,
        MERCURE_WORKERS: String(2 - index),
        MERCURE_DISPATCH_TIMEOUT: ['300ms', '4s'][index]!,
      }),
    ) as [Program, Program];
    const urls = [await short.url(), await long.url()] as const;
    const token = await legacyToken({ publish: ['*'] });
    for (const { url } of stores) {
      const writer = new libsql(url.slice('sqlite://'.length));
      onTestFinished(() => void writer.close());
      writer.exec('BEGIN IMMEDIATE');
    }
    const refused: string[] = [];
    const waits = async (name: string, url: string): Promise<void> => {
      expect((await publish(url, token, { topic: TOPIC })).status).toBe(503);
      refused.push(name);
    };
    // The default is 5 s, and what was asked later must be told sooner.
    await Promise.all([waits('4 s', urls[1]), waits('300 ms', urls[0])]);
    expect(refused).toEqual(['300 ms', '4 s']);
  });

  it('says once why it does not start', async () => {
    const taken = start({ ...ENVIRONMENT, MERCURE_WORKERS: '1' });
    const { port } = new URL(await taken.url());
    const program = start({ ...ENVIRONMENT, PORT: port });
    expect((await program.exit()).code).toBe(1);
    expect(program.stderr.text.match(/in use/g)).toHaveLength(1);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dataOf, eventsOf, idsOf, open } from '../support/http-client.js';
import { mariadbAnswers } from '../support/mariadb.js';
import { postgresAnswers } from '../support/postgres.js';
import { REDIS_URL, redisAnswers, removeKeys } from '../support/redis.js';
import { KEY } from '../support/tokens.js';
import { mariadbStore, postgresStore, sqliteStore, type Store } from '../transport/typeorm/support/stores.js';
import { buildProgram, programs } from './support/program.js';

// A compiler and a bundler, on machines that are shared.
beforeAll(() => void buildProgram(), 180_000);

const start = programs();
const endings: (() => void | Promise<void>)[] = [];
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mercure-import-'));
  endings.push(() => rmSync(directory, { recursive: true }));
});
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
});

const TOPIC = 'https://example.com/books/1';
const HUB = {
  PORT: '0',
  MERCURE_ANONYMOUS: '1',
  MERCURE_SHUTDOWN_SPREAD: '0',
  MERCURE_PUBLISHER_JWT_KEY: KEY,
};

/** An update as the Go hub's encoder writes it: Go escapes these letters in JSON. */
function line(id: string, fields: object = {}): string {
  const value = {
    Data: `data of ${id}`,
    ID: id,
    Type: '',
    Retry: 0,
    Topics: [TOPIC],
    Private: false,
    Debug: false,
  };
  const escapes = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026' };
  return JSON.stringify({ ...value, ...fields }).replaceAll(/[<>&]/g, (letter) => escapes[letter as '<']);
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `urn:uuid:${from + index}`);

function fileOf(lines: readonly (string | Buffer)[], name = 'updates.jsonl'): string {
  const path = join(directory, name);
  writeFileSync(
    path,
    Buffer.concat(lines.map((each) => Buffer.concat([Buffer.from(each), Buffer.from('\n')]))),
  );
  return path;
}

async function run(url: string, file: string, input?: string) {
  const program = start({ MERCURE_TRANSPORT_URL: url }, ['import', file], undefined, input);
  const { code } = await program.exit();
  return { code, told: program.stdout.text, faults: program.stderr.text };
}

/** What a hub has, asked as a client asks. */
async function historyOf(url: string, last: string): Promise<string> {
  const hub = start({ ...HUB, MERCURE_TRANSPORT_URL: url });
  const stream = await open(await hub.url(), { query: { topic: TOPIC, lastEventID: 'earliest' } });
  await stream.body.waitFor((text) => idsOf(text).at(-1) === last);
  hub.kill('SIGKILL');
  await hub.exit();
  return stream.body.text;
}

const redisStore = (): Promise<Pick<Store, 'url' | 'drop'>> => {
  const prefix = `import-${process.pid}-${Math.random().toString(36).slice(2)}`;
  return Promise.resolve({ url: `${REDIS_URL}?prefix=${prefix}`, drop: () => removeKeys(REDIS_URL, prefix) });
};
const STORES = [
  { name: 'SQLite', makeStore: sqliteStore },
  ...((await postgresAnswers('import into PostgreSQL'))
    ? [{ name: 'PostgreSQL', makeStore: postgresStore }]
    : []),
  ...((await mariadbAnswers('import into MariaDB')) ? [{ name: 'MySQL', makeStore: mariadbStore }] : []),
  ...((await redisAnswers('import into Redis')) ? [{ name: 'Redis', makeStore: redisStore }] : []),
];

describe.each(STORES)('import into $name', ({ name, makeStore }) => {
  it('keeps ids and order, and done again it stores only what is new', async () => {
    const store = await makeStore();
    endings.push(() => store.drop());
    const ids = numbered(0, 1200);
    const first = await run(store.url, fileOf(ids.slice(0, 700).map((id) => line(id))));
    expect(first).toMatchObject({ code: 0, faults: '' });
    expect(first.told).toMatch(new RegExp(`^Imported 700 updates into ${name} `));
    const second = await run(store.url, fileOf(ids.map((id) => line(id))));
    expect(second).toMatchObject({ code: 0, faults: '' });
    expect(second.told).toContain('Imported 500 updates');
    expect(second.told).toContain('700 updates were there already');
    const text = await historyOf(store.url, ids.at(-1)!);
    expect(idsOf(text)).toEqual(ids);
  });
});

describe('import', () => {
  let url: string;
  beforeEach(async () => {
    const store = await sqliteStore();
    endings.push(() => store.drop());
    ({ url } = store);
  });

  it('reads a pipe, and every field of an update', async () => {
    const lines = [
      line('a', { Data: '<b>&\nü', Type: 'news', Retry: 5000, Topics: ['x', TOPIC] }),
      line('b', { Private: true }),
      line('c'),
    ];
    // The last line may end without a line feed.
    const imported = await run(url, '-', lines.join('\n'));
    expect(imported).toMatchObject({ code: 0, faults: '' });
    const events = eventsOf(await historyOf(url, 'c'));
    expect(
      events.map(({ id }) => id),
      'a private one is for those who may',
    ).toEqual(['a', 'c']);
    expect(events[0]).toMatchObject({ data: '<b>&\nü', event: 'news' });
  });

  it("leaves out the old hub's events about subscriptions, and tells", async () => {
    const topics = ['/.well-known/mercure/subscriptions/https%3A%2F%2Fexample.com/urn%3Auuid%3A1'];
    const { code, told } = await run(url, fileOf([line('a'), line('s', { Topics: topics, Private: true })]));
    expect(code).toBe(0);
    expect(told).toMatch(/^Imported 1 update into .*\n1 events about subscriptions .* left out\.\n$/);
    expect(dataOf(await historyOf(url, 'a'))).toEqual(['data of a']);
  });

  it('stores an id that the file has twice once', async () => {
    const { code, told } = await run(
      url,
      fileOf([line('a', { Data: 'first' }), line('b'), line('a'), line('c')]),
    );
    expect(code).toBe(0);
    expect(told).toContain('1 update were there already');
    expect(dataOf(await historyOf(url, 'c'))).toEqual(['first', 'data of b', 'data of c']);
  });

  it('names every bad line and stores nothing after the first, so that the corrected file has the right order', async () => {
    const bad: readonly [text: string | Buffer, fault: string][] = [
      ['{"ID":"cut off"', 'it is no JSON'],
      ['[]', 'it is no object'],
      ['null', 'it is no object'],
      [line('x', { Topics: [] }), 'Missing "topic" parameter'],
      [line('x', { Topics: 'x' }), 'its "Topics" is of another type'],
      [line('x', { Retry: '5' }), 'its "Retry" is of another type'],
      [line('x', { Data: 1 }), 'its "Data" is of another type'],
      [line(''), '"id" field is empty'],
      [line('a\r\nb'), '"id" field contains a forbidden control character'],
      [line('x', { Retry: -1 }), 'Invalid "retry" parameter'],
      [line('x', { Extra: 1 }), 'it has a field too many'],
      [JSON.stringify({ Topics: ['x'] }), 'it has no "ID"'],
      [Buffer.from([0x22, 0xff, 0x22]), 'it is no UTF-8'],
    ];
    const file = fileOf([line('a'), line('b'), ...bad.map(([text]) => text), line('z')]);
    const { code, told, faults } = await run(url, file);
    expect(code).toBe(1);
    expect(told).toBe('');
    const expected = bad.map(([, fault], index) => `error: line ${index + 3}: ${fault}`);
    expect(faults.trim().split('\n').slice(0, -1)).toEqual(expected);
    expect(faults).toMatch(
      /not finished: 2 updates stored\. Line 2 is the last that is done.*bad lines \(13\)/,
    );

    const corrected = await run(url, fileOf([line('a'), line('b'), line('m'), line('z')]));
    expect(corrected).toMatchObject({ code: 0, faults: '' });
    expect(idsOf(await historyOf(url, 'z'))).toEqual(['a', 'b', 'm', 'z']);
  });

  it.each([
    ['an export that is empty', '', 'not one line'],
    ['an export that is no text', Buffer.from([0, 1, 2, 3, 10]).toString(), 'line 1: it is no JSON'],
  ])('%s is an error', async (_what, text, fault) => {
    const { code, told, faults } = await run(url, '-', text);
    expect({ code, told }).toEqual({ code: 1, told: '' });
    expect(faults).toContain(fault);
  });

  it('a file that is not there, the memory transport, and a hub that has the file open are told', async () => {
    expect(await run(url, join(directory, 'nobody'))).toMatchObject({
      code: 1,
      faults: expect.stringMatching(/^error: The file cannot be read \(ENOENT\)/) as string,
    });
    expect(await run('memory://', fileOf([line('a')]))).toMatchObject({
      code: 1,
      faults: expect.stringContaining('would forget what is imported') as string,
    });
    const hub = start({ ...HUB, MERCURE_TRANSPORT_URL: url });
    await hub.url();
    expect(await run(url, fileOf([line('a')]))).toMatchObject({
      code: 1,
      faults: expect.stringContaining('Another hub has this SQLite file open') as string,
    });
  });

  it('told to end while a pipe says nothing, it ends, and says how far it came', async () => {
    const importing = start({ MERCURE_TRANSPORT_URL: url }, ['import', '-']);
    // It has its handler once it has made the file.
    await expect
      .poll(() => existsSync(fileURLToPath(url.replace('sqlite:', 'file:'))), { timeout: 20_000 })
      .toBe(true);
    importing.kill('SIGTERM');
    expect(await importing.exit()).toEqual({ code: 1, signal: null });
    expect(importing.stderr.text).toContain('Nothing is imported');
  });
});

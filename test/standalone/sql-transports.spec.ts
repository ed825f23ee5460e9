import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventsOf, idsOf, open, publish } from '../support/http-client.js';
import { mariadbAnswers } from '../support/mariadb.js';
import { postgresAnswers } from '../support/postgres.js';
import { freePort } from '../support/redis.js';
import { KEY, legacyToken } from '../support/tokens.js';
import { mariadbStore, postgresStore, sqliteStore } from '../transport/typeorm/support/stores.js';
import { buildProgram, programs } from './support/program.js';

// A compiler and a bundler, on machines that are shared.
beforeAll(() => void buildProgram(), 180_000);

const start = programs();
const ENVIRONMENT = {
  PORT: '0',
  MERCURE_ANONYMOUS: '1',
  MERCURE_SHUTDOWN_SPREAD: '0',
  MERCURE_PUBLISHER_JWT_KEY: KEY,
};
const PACKAGES = resolve(import.meta.dirname, '../../node_modules');
/** What a package needs is found beside its link, not beside the package. */
const LINKED = { NODE_OPTIONS: '--preserve-symlinks' };
const TOPIC = 'https://example.com/1';
const ROWS = [
  { name: 'SQLite', makeStore: sqliteStore, driver: 'libsql', secret: 'sqlite://./hunter2.db' },
  ...((await postgresAnswers('the program on PostgreSQL'))
    ? [
        {
          name: 'PostgreSQL',
          makeStore: postgresStore,
          driver: 'pg',
          secret: 'postgres://u:hunter2@localhost/db',
        },
      ]
    : []),
  ...((await mariadbAnswers('the program on MariaDB'))
    ? [{ name: 'MySQL', makeStore: mariadbStore, driver: 'mysql2', secret: 'mysql://u:hunter2@localhost/db' }]
    : []),
];

const endings: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
});

/** The program somewhere else, beside all packages of this directory but some. */
function programWithout(...missing: readonly string[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'mercure-alone-'));
  endings.push(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, 'node_modules'));
  for (const name of readdirSync(PACKAGES)) {
    if (missing.includes(name)) continue;
    symlinkSync(join(PACKAGES, name), join(directory, 'node_modules', name));
  }
  const program = join(directory, 'standalone.mjs');
  copyFileSync(buildProgram(), program);
  return program;
}

describe.each(ROWS)('the program on $name', ({ name, makeStore, driver, secret }) => {
  it('keeps its history over a kill -9: clients resume without a gap', async () => {
    const store = await makeStore();
    endings.push(() => store.drop());
    const environment = { ...ENVIRONMENT, MERCURE_TRANSPORT_URL: store.url };
    const first = start(environment);
    const url = await first.url();
    expect(first.stdout.text).toMatch(new RegExp(`transport:   ${name} \\(`));
    expect(first.stdout.text).toContain('tables mercure_…');
    const token = await legacyToken({ publish: ['*'] });
    const stream = await open(url, { query: { topic: TOPIC } });
    const ids: string[] = [];
    for (let number = 0; number < 5; number++) {
      const answer = await publish(url, token, { topic: TOPIC, data: String(number) });
      expect(answer.status).toBe(200);
      ids.push(answer.text.trim());
    }
    await stream.body.waitFor(ids[4]!);
    first.kill('SIGKILL');
    await first.exit();

    const second = start(environment);
    const again = await open(await second.url(), {
      query: { topic: TOPIC },
      headers: { 'Last-Event-ID': ids[1]! },
    });
    await again.body.waitFor(ids[4]!);
    expect(idsOf(again.body.text)).toEqual(ids.slice(2));
    expect(eventsOf(again.body.text).some(({ event }) => event === 'mercure')).toBe(false);
    again.abort();
    expect(second.stderr.text).toBe('');
  });

  it('bounds what it keeps by the parameters of the URL', async () => {
    const store = await makeStore();
    endings.push(() => store.drop());
    const bounded = new URL(store.url);
    bounded.searchParams.set('size', '3');
    bounded.searchParams.set('prefix', 'news_');
    const hub = start({ ...ENVIRONMENT, MERCURE_TRANSPORT_URL: bounded.href });
    const url = await hub.url();
    expect(hub.stdout.text).toContain('tables news_…');
    const token = await legacyToken({ publish: ['*'] });
    for (let number = 0; number < 10; number++) {
      await publish(url, token, { topic: TOPIC, data: String(number), id: `id-${number}` });
    }
    const history = async () => {
      const stream = await open(url, { query: { topic: TOPIC, lastEventID: 'earliest' } });
      await stream.body.waitFor('id-9');
      stream.abort();
      return idsOf(stream.body.text);
    };
    await expect.poll(history, { timeout: 20_000 }).toEqual(['id-7', 'id-8', 'id-9']);
  });

  it('without a driver says how it is installed', async () => {
    const hub = start(
      { ...ENVIRONMENT, ...LINKED, MERCURE_TRANSPORT_URL: secret },
      [],
      programWithout(driver),
    );
    expect((await hub.exit()).code).toBe(1);
    expect(hub.stderr.text).toMatch(new RegExp(`^error: .*npm install ${driver}\\n$`));
    expect(hub.stdout.text + hub.stderr.text).not.toContain('hunter2');
  });
});

it('without TypeORM the program says how it is installed', async () => {
  const environment = {
    ...ENVIRONMENT,
    ...LINKED,
    MERCURE_TRANSPORT_URL: 'postgres://u:hunter2@localhost/db',
  };
  const hub = start(environment, [], programWithout('typeorm'));
  expect((await hub.exit()).code).toBe(1);
  expect(hub.stderr.text).toMatch(/^error: .*npm install typeorm\n$/);
});

it.each(['postgres', 'mysql'])(
  'a %s server that is not there is told in one line, without its password',
  async (scheme) => {
    const url = `${scheme}://u:hunter2@127.0.0.1:${await freePort()}/db`;
    const hub = start({ ...ENVIRONMENT, MERCURE_TRANSPORT_URL: url });
    expect((await hub.exit()).code).toBe(1);
    expect(hub.stderr.text).toMatch(
      /^error: .*cannot be had: .*ECONNREFUSED.*Start it, or correct its address\.\n$/,
    );
    expect(hub.stderr.text).not.toContain('hunter2');
  },
);

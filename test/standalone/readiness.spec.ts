import { Agent, get } from 'node:http';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { publish, send, open, type Answer } from '../support/http-client.js';
import { postgresAnswers } from '../support/postgres.js';
import { canStartRedis, startRedis } from '../support/redis.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { KEY, legacyToken } from '../support/tokens.js';
import { postgresStore } from '../transport/typeorm/support/stores.js';
import { buildProgram, type Program, programs } from './support/program.js';

// A compiler and a bundler, on machines that are shared.
beforeAll(() => void buildProgram(), 180_000);

const start = programs();
const ENVIRONMENT = {
  PORT: '0',
  MERCURE_ANONYMOUS: '1',
  MERCURE_PUBLISHER_JWT_KEY: KEY,
  MERCURE_DISPATCH_TIMEOUT: '1s',
};
const TOPIC = 'https://example.com/1';
const WELL = { status: 200, text: '{"status":"ok"}' };
const AWAY =
  '{"status":"error","code":"TRANSPORT_UNAVAILABLE","reason":"The store of the updates is away, or refuses them"}';

/** Connections come to the workers in turn. */
async function askEach(url: string, path: string): Promise<Answer[]> {
  return Promise.all([1, 2, 3, 4].map(() => send(new URL(path, url).href)));
}

async function untilAll(url: string, status: number): Promise<Answer[]> {
  let answers: Answer[] = [];
  await expect
    .poll(
      async () => {
        answers = await askEach(url, '/readyz');
        return answers.map((each) => each.status);
      },
      { timeout: 60_000 },
    )
    .toEqual([status, status, status, status]);
  return answers;
}

/** What a hub says while its store is away and when it is back, without a restart. */
async function tellsThatItIsAway(
  program: Program,
  breakIt: () => void,
  healIt: () => void | Promise<void>,
): Promise<void> {
  const url = await program.url();
  const token = await legacyToken({ publish: ['*'] });
  const stream = await open(url, { query: { topic: TOPIC } });
  for (const answer of await askEach(url, '/readyz')) expect(answer).toMatchObject(WELL);
  breakIt();
  for (const answer of await untilAll(url, 503)) {
    expect(answer.text).toBe(AWAY);
    expect(answer.headers).toMatchObject({ 'retry-after': '1', 'cache-control': 'no-store' });
  }
  for (const answer of await askEach(url, '/healthz')) {
    expect(answer, 'it lives').toMatchObject({ status: 200, text: 'ok\n' });
  }
  await healIt();
  for (const answer of await untilAll(url, 200)) expect(answer).toMatchObject(WELL);
  expect((await publish(url, token, { topic: TOPIC, data: 'after' })).status).toBe(200);
  await stream.body.waitFor('data: after');
  stream.abort();
  expect(program.stderr.text).toMatch(/^warning: Not ready: .*Try again/m);
  expect(program.stderr.text).toMatch(/^warning: Ready again$/m);
  expect(program.stderr.text).not.toContain('hunter2');
}

describe.skipIf(!(await canStartRedis('readiness on Redis')))('/readyz on Redis', () => {
  it('is 503 while the server is frozen, whichever worker is asked, and 200 when it is back', async () => {
    const server = await startRedis('--requirepass', 'hunter2');
    onTestFinished(() => server.remove());
    const program = start({
      ...ENVIRONMENT,
      MERCURE_WORKERS: '2',
      MERCURE_SHUTDOWN_SPREAD: '0',
      MERCURE_TRANSPORT_URL: `redis://:hunter2@127.0.0.1:${server.port}`,
    });
    await tellsThatItIsAway(
      program,
      () => server.freeze(),
      () => server.thaw(),
    );
  }, 120_000);
});

describe.skipIf(!(await postgresAnswers('readiness on PostgreSQL')))('/readyz on PostgreSQL', () => {
  it('is 503 while the server refuses connections, and 200 when it is back', async () => {
    const store = await postgresStore();
    onTestFinished(() => store.drop());
    const target = new URL(store.url);
    const proxy = await startTcpProxy({ port: Number(target.port || 5432), host: target.hostname });
    onTestFinished(() => proxy.close());
    target.host = `127.0.0.1:${proxy.port}`;
    const program = start({
      ...ENVIRONMENT,
      MERCURE_SHUTDOWN_SPREAD: '0',
      MERCURE_TRANSPORT_URL: target.href,
    });
    await tellsThatItIsAway(
      program,
      () => proxy.refuse(),
      () => proxy.heal(),
    );
  }, 120_000);
});

describe('/readyz in memory', () => {
  it('is 503 where the process that holds the transport of all workers does nothing', async () => {
    const program = start({ ...ENVIRONMENT, MERCURE_WORKERS: '2', MERCURE_SHUTDOWN_SPREAD: '0' });
    const url = await program.url();
    // New connections come by way of the primary: this one is there already.
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const ask = (): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const request = get(new URL('/readyz', url), { agent }, (answer) => {
          answer.resume().once('end', () => resolve(answer.statusCode));
        });
        request.once('error', reject);
      });
    expect(await ask()).toBe(200);
    program.kill('SIGSTOP');
    await stopped(program.pid);
    expect(await ask()).toBe(503);
    program.kill('SIGCONT');
    await expect.poll(ask, { timeout: 60_000 }).toBe(200);
  }, 120_000);
});

async function stopped(pid: number): Promise<void> {
  await expect
    .poll(() => /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')), { timeout: 20_000 })
    .toBe(true);
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { EventSource } from 'eventsource';
import { afterEach, describe, expect, it } from 'vitest';
import { ByteLog, unhung } from '../support/byte-log.js';
import { send } from '../support/http-client.js';
import { mariadbAnswers } from '../support/mariadb.js';
import { postgresAnswers } from '../support/postgres.js';
import { freePort, REDIS_URL, redisAnswers, removeKeys } from '../support/redis.js';
import { mariadbStore, postgresStore, type Store } from '../transport/typeorm/support/stores.js';

const LAUNCHER = fileURLToPath(new URL('./support/run-example.mjs', import.meta.url));
/** What the page's own script has. */
interface Script {
  readonly follow: (settings: {
    nodes: readonly string[];
    topic: string;
    message: (data: string, node: string) => void;
    gap: (node: string) => void;
    state: (state: 'connecting' | 'live', node: string) => void;
    Source: typeof EventSource;
  }) => { readonly next: () => void; readonly stop: () => void };
}

const SCRIPT = new URL('../../examples/cluster/page/follow.js', import.meta.url).href;
const { follow } = (await import(SCRIPT)) as Script;
const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
});

const redisStore = (): Promise<Pick<Store, 'url' | 'drop'>> => {
  const prefix = `cluster-${process.pid}-${Math.random().toString(36).slice(2)}`;
  return Promise.resolve({ url: `${REDIS_URL}?prefix=${prefix}`, drop: () => removeKeys(REDIS_URL, prefix) });
};
const STORES = [
  ...((await redisAnswers('the cluster example')) ? [{ name: 'Redis', makeStore: redisStore }] : []),
  ...((await postgresAnswers('the cluster example'))
    ? [{ name: 'PostgreSQL', makeStore: postgresStore }]
    : []),
  ...((await mariadbAnswers('the cluster example')) ? [{ name: 'MariaDB', makeStore: mariadbStore }] : []),
];

function startNode(environment: Record<string, string>): { child: ChildProcess; output: ByteLog } {
  const child = spawn(process.execPath, [LAUNCHER, 'cluster'], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = new ByteLog();
  child.stdout.on('data', (chunk: Buffer) => output.add(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.add(chunk));
  child.once('close', () => output.finish('end'));
  endings.push(() => child.kill('SIGKILL'));
  return { child, output };
}

describe.each(STORES)('The cluster example on $name', ({ makeStore }) => {
  it(
    'goes on at the other node, when it is told to and when its own is killed, without a gap and without a duplicate',
    { timeout: 120_000 },
    async () => {
      const store = await makeStore();
      endings.push(() => store.drop());
      const ports = [await freePort(), await freePort()];
      const nodes = ports.map((port) => `http://localhost:${port}`);
      const started = ports.map((port) =>
        startNode({ STORE_URL: store.url, PORT: String(port), NODES: nodes.join() }),
      );
      for (const { output } of started) await output.waitFor('Say something:');
      const { text } = await send(`${nodes[1]}/nodes`);
      const { topic } = JSON.parse(text) as { topic: string };

      const heard: string[] = [];
      const from = new Set<string>();
      const gaps: string[] = [];
      let live = '';
      const page = follow({
        nodes,
        topic,
        Source: EventSource,
        message: (data, node) => {
          heard.push((JSON.parse(data) as { text: string }).text);
          from.add(node);
        },
        gap: (node) => gaps.push(node),
        state: (state, node) => (live = state === 'live' ? node : ''),
      });
      endings.push(() => page.stop());
      const isLive = (node: string) => expect.poll(() => live, { timeout: 20_000 }).toBe(node);
      const said: string[] = [];
      const say = async (node: string): Promise<void> => {
        said.push(`message ${said.length}`);
        const answer = await send(`${node}/messages`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ text: said.at(-1) }),
        });
        expect(answer.status).toBe(201);
      };
      const hasHeardAll = () => expect.poll(() => heard, { timeout: 20_000 }).toEqual(said);

      await isLive(nodes[0]!);
      await say(nodes[0]!);
      await say(nodes[1]!);
      await hasHeardAll();

      page.next();
      await say(nodes[0]!);
      await isLive(nodes[1]!);
      await hasHeardAll();

      const exited = once(started[1]!.child, 'exit');
      started[1]!.child.kill('SIGKILL');
      await unhung(exited, 'the end of a node');
      for (let count = 0; count < 5; count++) await say(nodes[0]!);
      await isLive(nodes[0]!);
      await hasHeardAll();
      expect(from, 'from both').toEqual(new Set(nodes));
      expect(gaps).toEqual([]);
    },
  );
});

it('The cluster example without a store that nodes can share says what to set', async () => {
  const { child, output } = startNode({ STORE_URL: 'sqlite:///tmp/x.db' });
  const [code] = (await unhung(once(child, 'exit'), 'its end')) as [number];
  expect(code).toBe(1);
  expect(await output.ended().then(() => output.text)).toContain(
    'STORE_URL names no store that nodes can share',
  );
});

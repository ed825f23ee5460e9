import { describe, expect, it } from 'vitest';
import { canStartRedis } from '../support/redis.js';
import { expectNothingSilentlyLost, hasAll, Publishing } from './support/publishing.js';
import { type Node, nodeOn, privateRedis, proxyTo } from './support/redis-nodes.js';
import { longOr, pause } from './support/runs.js';

const update = (id: string) => ({ id, topics: ['t'], data: '', private: false });

async function isWell(node: Node): Promise<boolean> {
  return node.transport.check().then(
    () => true,
    () => false,
  );
}

async function untilWell(node: Node): Promise<number> {
  const started = performance.now();
  while (!(await isWell(node))) await pause(20);
  return Math.round(performance.now() - started);
}

describe.skipIf(!(await canStartRedis('a partition from Redis')))('A node that is cut off from Redis', () => {
  it('by a network that swallows everything: says so, refuses publications, and is back by itself', async () => {
    const server = await privateRedis();
    const proxy = await proxyTo(server);
    const timeoutMs = 1000;
    const [node, other] = [await nodeOn(proxy, { timeoutMs }), await nodeOn(server)] as const;
    await node.transport.append([update('before')]);
    await node.hasSeen(1);
    proxy.blackhole();
    const dark = performance.now();
    await expect(node.transport.append([update('lost')])).rejects.toMatchObject({
      code: 'TRANSPORT_UNAVAILABLE',
    });
    await expect(node.transport.check()).rejects.toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    console.log(
      `a black hole was noticed after ${Math.round(performance.now() - dark)} ms (timeout ${timeoutMs} ms)`,
    );
    await other.transport.append([update('elsewhere')]);
    await pause(longOr(60_000, 2500));
    expect(await isWell(node)).toBe(false);
    expect(node.ids, 'streams are left as they were').toEqual(['before']);
    proxy.heal();
    console.log(`well again ${await untilWell(node)} ms after it healed`);
    await node.transport.append([update('after')]);
    await node.until('what was published meanwhile', () => node.ids.includes('after'));
    expect(node.ids.filter((id) => id !== 'lost')).toEqual(['before', 'elsewhere', 'after']);
    expect(node.gaps).toEqual([]);
    // It never reached the server, or was stored before its answer was lost; it is not there twice.
    expect(other.ids.filter((id) => id === 'lost').length).toBeLessThan(2);
  }, 90_000);

  it('by a server that is frozen: the same, and what was on its way is stored once or never', async () => {
    const server = await privateRedis();
    const nodes = [
      await nodeOn(server, { timeoutMs: 500 }),
      await nodeOn(server, { timeoutMs: 500 }),
    ] as const;
    const publishers = nodes.map((node, index) => new Publishing(node, `p${index}`));
    for (let round = 0; round < longOr(10, 2); round++) {
      for (const each of publishers) await each.goesOn();
      server.freeze();
      await pause(longOr(2000, 1500));
      for (const node of nodes) expect(await isWell(node)).toBe(false);
      server.thaw();
      for (const each of publishers) await each.goesOn();
    }
    await Promise.all(publishers.map((each) => each.stop()));
    for (const node of nodes) {
      await hasAll(node, publishers);
      expectNothingSilentlyLost(node, publishers);
      expect(node.gaps).toEqual([]);
    }
    expect(publishers.some(({ refused }) => refused.length > 0)).toBe(true);
  }, 90_000);

  it('by connections that break in the middle of an answer, again and again: nothing is stored twice', async () => {
    const server = await privateRedis();
    const proxy = await proxyTo(server);
    const node = await nodeOn(proxy, { timeoutMs: 5000 });
    const watcher = await nodeOn(server);
    const publisher = new Publishing(node, 'p', 0);
    const started = performance.now();
    let cuts = 0;
    while (performance.now() - started < longOr(60_000, 4000)) {
      await publisher.goesOn(3);
      proxy.cutAfter(1 + Math.floor(Math.random() * 60));
      cuts++;
    }
    proxy.heal();
    await publisher.stop();
    console.log(
      `${cuts} connections were cut within an answer, ${publisher.acknowledged.length} updates acknowledged`,
    );
    for (const each of [node, watcher]) {
      await hasAll(each, [publisher]);
      expectNothingSilentlyLost(each, [publisher]);
      expect(each.gaps).toEqual([]);
    }
    // Long enough was waited: each was asked after, and so none was refused.
    expect(publisher.refused).toEqual([]);
    expect(watcher.ids).toEqual(publisher.acknowledged);
  }, 120_000);

  it('by CLIENT KILL of what reads, all the time: nothing is missed, and no connection is left behind', async () => {
    const server = await privateRedis();
    const nodes = [await nodeOn(server), await nodeOn(server)] as const;
    const publisher = new Publishing(nodes[0], 'p');
    const kills = longOr(60, 15);
    for (let kill = 0; kill < kills; kill++) {
      await publisher.goesOn(5);
      const clients = String(await server.command('CLIENT', 'LIST'));
      const readers = [...clients.matchAll(/^id=(\d+) .*cmd=(?:xread|hmget) /gm)].map(([, id]) => id!);
      for (const id of readers) await server.command('CLIENT', 'KILL', 'ID', id);
      await pause(longOr(1000, 100));
    }
    await publisher.stop();
    for (const node of nodes) {
      await hasAll(node, [publisher]);
      expectNothingSilentlyLost(node, [publisher]);
      expect(node.gaps).toEqual([]);
    }
    for (const node of nodes) await untilWell(node);
    const connections = async (): Promise<number> => {
      const clients = String(await server.command('CLIENT', 'LIST'));
      return [...clients.matchAll(/^id=\d+/gm)].length - 1;
    };
    // Three of each node; the ends of the killed ones may take the server a moment.
    while ((await connections()) !== 6) await pause(20);
  }, 120_000);
});

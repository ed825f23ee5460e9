import { describe, expect, it } from 'vitest';
import { canStartRedis } from '../support/redis.js';
import { expectNothingSilentlyLost, Publishing } from './support/publishing.js';
import { nodeOn, privateRedis } from './support/redis-nodes.js';

const update = (id: string) => ({ id, topics: ['t'], data: '', private: false });

describe.skipIf(!(await canStartRedis('an emptied Redis')))('A Redis that lost its history', () => {
  it('by FLUSHALL: every node is told, also one that nobody publishes to, and what follows is delivered', async () => {
    const server = await privateRedis();
    const nodes = [await nodeOn(server), await nodeOn(server)] as const;
    await nodes[0].transport.append([update('a'), update('b')]);
    for (const node of nodes) await node.hasSeen(2);
    const old = nodes[0].seen[0]!.position;
    await server.command('FLUSHALL');
    const emptied = performance.now();
    for (const node of nodes) await node.until('the gap', () => node.gaps.length === 1);
    console.log(`FLUSHALL was told to both nodes after ${Math.round(performance.now() - emptied)} ms`);
    await nodes[1].transport.append([update('c')]);
    for (const node of nodes) {
      await node.hasSeen(3);
      expect(node.ids).toEqual(['a', 'b', 'c']);
      expect(node.gaps.map(({ after }) => after)).toEqual([2]);
      expect(await node.transport.read(old, node.position)).toBeUndefined();
      expect((await node.transport.locate('a')).found).toBe(false);
    }
  });

  it('while others publish: nothing is silently lost, nothing twice', async () => {
    const server = await privateRedis();
    const nodes = [await nodeOn(server), await nodeOn(server)] as const;
    const publishers = nodes.map((node, index) => new Publishing(node, `p${index}`));
    for (let round = 0; round < 3; round++) {
      for (const each of publishers) await each.goesOn(50);
      await server.command('FLUSHALL');
      // Two of them before a node has read are one gap to it.
      for (const node of nodes) await node.until('the gap', () => node.gaps.length === round + 1);
    }
    for (const each of publishers) await each.goesOn(50);
    await Promise.all(publishers.map((each) => each.stop()));
    await nodes[0].transport.append([update('end')]);
    for (const node of nodes) {
      await node.until('the last', () => node.ids.includes('end'));
      expectNothingSilentlyLost(node, publishers);
      expect(node.gaps).toHaveLength(3);
    }
  });

  it('by a restart without persistence: told, and goes on', async () => {
    const server = await privateRedis();
    const nodes = [await nodeOn(server), await nodeOn(server)] as const;
    await nodes[0].transport.append([update('a')]);
    for (const node of nodes) await node.hasSeen(1);
    await server.kill();
    await server.start();
    for (const node of nodes) await node.until('the gap', () => node.gaps.length === 1);
    await nodes[0].transport.append([update('b')]);
    for (const node of nodes) await node.until('what follows', () => node.ids.at(-1) === 'b');
  });

  it('by somebody who trims or deletes the stream by hand: told where something was not delivered', async () => {
    const server = await privateRedis();
    const node = await nodeOn(server);
    await node.transport.append([update('a')]);
    await node.hasSeen(1);
    // Nothing undelivered is missing.
    await server.command('XTRIM', '{mercure}:stream', 'MAXLEN', '0');
    await node.transport.append([update('b')]);
    await node.hasSeen(2);
    expect(node.gaps).toEqual([]);
    let caughtUp!: () => void;
    node.behind = new Promise((resolve) => (caughtUp = resolve));
    await node.transport.append([update('c')]);
    await node.hasSeen(3);
    await node.transport.append([update('d')]);
    await server.command('DEL', '{mercure}:stream');
    await node.transport.append([update('e')]);
    node.behind = undefined;
    caughtUp();
    await node.until('what is there', () => node.ids.includes('e'));
    expect(node.ids).toEqual(['a', 'b', 'c', 'e']);
    expect(
      node.gaps.map(({ after }) => after),
      'd is missing',
    ).toEqual([3]);
  });
});

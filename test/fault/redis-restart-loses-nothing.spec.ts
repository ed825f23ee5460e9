import { describe, expect, it } from 'vitest';
import { canStartRedis } from '../support/redis.js';
import { expectNothingSilentlyLost, hasAll, Publishing } from './support/publishing.js';
import { nodeOn, privateRedis } from './support/redis-nodes.js';
import { longOr, pause } from './support/runs.js';

const AOF = ['--appendonly', 'yes', '--appendfsync', 'everysec'];

describe.skipIf(!(await canStartRedis('a restart of Redis')))('A Redis that is killed and comes back', () => {
  it.each(Array.from({ length: longOr(5, 1) }, (_, run) => run))(
    'loses nothing that was acknowledged, repeats nothing, and nobody is told a gap (%i)',
    { timeout: 120_000 },
    async () => {
      const server = await privateRedis(...AOF);
      const nodes = [await nodeOn(server), await nodeOn(server)] as const;
      const publishers = nodes.map((node, index) => new Publishing(node, `p${index}`));
      for (const each of publishers) await each.goesOn();
      await server.kill();
      await pause(longOr(5000, 1500));
      await server.start();
      for (const each of publishers) await each.goesOn();
      await Promise.all(publishers.map((each) => each.stop()));
      for (const node of nodes) {
        await hasAll(node, publishers);
        expectNothingSilentlyLost(node, publishers);
        expect(node.gaps, 'nothing was lost').toEqual([]);
      }
      expect(nodes[0].ids).toEqual(nodes[1].ids);
      expect(
        publishers.some(({ refused }) => refused.length > 0),
        'while it was away, some were refused',
      ).toBe(true);
    },
  );

  it('a publication that waits for it is stored when it is back in time', async () => {
    const server = await privateRedis(...AOF);
    const node = await nodeOn(server, { timeoutMs: 15_000 });
    await server.kill();
    const waiting = node.transport.append([{ id: 'waits', topics: ['t'], data: '', private: false }]);
    await server.start();
    await waiting;
    await node.hasSeen(1);
    expect(node.ids).toEqual(['waits']);
  });

  it('readers go on from where they were, also those that start anew', async () => {
    const server = await privateRedis(...AOF);
    const node = await nodeOn(server);
    const publisher = new Publishing(node, 'p');
    await publisher.goesOn(30);
    await publisher.stop();
    await node.hasSeen(publisher.acknowledged.length);
    await server.kill();
    await server.start();
    const later = await nodeOn(server);
    expect(later.start.position).toBe(node.position);
    expect(later.start.newest?.id).toBe(node.ids.at(-1));
    const from = await later.positionOf(node.ids[3]!);
    const rest = await later.readAfter(from);
    expect(rest.map(({ update }) => update.id)).toEqual(node.ids.slice(4));
  });
});

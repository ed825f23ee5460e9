import { describe, expect, it } from 'vitest';
import { canStartRedis, withRedis } from '../support/redis.js';
import { expectNothingSilentlyLost, Publishing } from './support/publishing.js';
import { nodeOn, privateRedis, proxyTo } from './support/redis-nodes.js';
import { longOr } from './support/runs.js';

const update = (id: string) => ({ id, topics: ['t'], data: '', private: false });

/** A master, a replica behind a network of its own, and the address at which nodes find whichever is master. */
async function masterAndReplica() {
  const master = await privateRedis();
  const between = await proxyTo(master);
  const replica = await privateRedis(
    '--replicaof',
    `127.0.0.1 ${between.port}`,
    '--repl-ping-replica-period',
    '1',
  );
  const address = await proxyTo(master);
  const synced = async (): Promise<void> => {
    await withRedis(replica.url, async (client) => {
      while (!(await client.info('replication')).includes('master_link_status:up'))
        await new Promise((resume) => setTimeout(resume, 20));
    });
    expect(await master.command('WAIT', '1', '10000')).toBe(1);
  };
  await synced();
  return {
    address,
    synced,
    /** From now on the replica gets nothing. */
    fallBehind: () => between.blackhole(),
    promote: async () => {
      await master.kill();
      await replica.command('REPLICAOF', 'NO', 'ONE');
      address.redirect(replica);
      address.cut();
    },
  };
}

describe.skipIf(!(await canStartRedis('a failover of Redis')))('A replica that becomes master', () => {
  it('without the last updates: every node is told, no position is used again, what follows is delivered', async () => {
    const { address, synced, fallBehind, promote } = await masterAndReplica();
    const nodes = [await nodeOn(address), await nodeOn(address)] as const;
    await nodes[0].transport.append([update('kept-0'), update('kept-1')]);
    for (const node of nodes) await node.hasSeen(2);
    await synced();
    fallBehind();
    for (let index = 0; index < 30; index++) await nodes[0].transport.append([update(`lost-${index}`)]);
    for (const node of nodes) await node.hasSeen(32);
    await promote();
    for (const node of nodes) await node.until('the gap', () => node.gaps.length === 1);
    for (let index = 0; index < 40; index++) await nodes[1].transport.append([update(`new-${index}`)]);
    for (const node of nodes) {
      await node.hasSeen(72);
      expect(node.gaps.map(({ after }) => after)).toEqual([32]);
      expect(new Set(node.seen.map(({ position }) => position)).size).toBe(72);
      expect(node.ids.slice(32)).toEqual(Array.from({ length: 40 }, (_, index) => `new-${index}`));
      // What was kept is a cursor still; what was lost is none, and no place of it is taken for another.
      expect((await node.transport.locate('kept-1')).found).toBe(true);
      expect((await node.transport.locate('lost-29')).found).toBe(false);
      for (const { position } of node.seen.slice(2, 32)) {
        expect(await node.transport.read(position, node.position)).toBeUndefined();
      }
    }
  });

  it('without what a node was told to be stored and had not read: that node is told, though it lacks nothing', async () => {
    const { address, synced, fallBehind, promote } = await masterAndReplica();
    const node = await nodeOn(address);
    await node.transport.append([update('kept')]);
    await node.hasSeen(1);
    await synced();
    fallBehind();
    let caughtUp!: () => void;
    node.behind = new Promise((resolve) => (caughtUp = resolve));
    await node.transport.append([update('seen')]);
    await node.hasSeen(2);
    await node.transport.append([update('acknowledged')]);
    await promote();
    const other = await nodeOn(address);
    for (let index = 0; index < 5; index++) await other.transport.append([update(`new-${index}`)]);
    node.behind = undefined;
    caughtUp();
    await node.until('what follows', () => node.ids.includes('new-4'));
    expect(node.ids).toEqual(['kept', 'seen', ...Array.from({ length: 5 }, (_, index) => `new-${index}`)]);
    expect(node.gaps.length).toBeGreaterThan(0);
    expect(node.gaps[0]!.after, 'before what follows').toBe(2);
    expect(other.gaps).toEqual([]);
  });

  it('with everything: nobody is told anything', async () => {
    const { address, synced, promote } = await masterAndReplica();
    const node = await nodeOn(address);
    await node.transport.append([update('a'), update('b')]);
    await node.hasSeen(2);
    await synced();
    await promote();
    await node.transport.append([update('c')]);
    await node.hasSeen(3);
    expect(node.ids).toEqual(['a', 'b', 'c']);
    expect(node.gaps).toEqual([]);
  });

  it.each(Array.from({ length: longOr(10, 1) }, (_, run) => run))(
    'under load, without an unknown number of them: nothing is lost in silence (%i)',
    { timeout: 60_000 },
    async () => {
      const { address, fallBehind, promote } = await masterAndReplica();
      const nodes = [await nodeOn(address), await nodeOn(address)] as const;
      const publishers = nodes.map((node, index) => new Publishing(node, `p${index}`));
      for (const each of publishers) await each.goesOn(50);
      fallBehind();
      for (const each of publishers) await each.goesOn(30);
      await promote();
      for (const each of publishers) await each.goesOn(50);
      await Promise.all(publishers.map((each) => each.stop()));
      await nodes[0].transport.append([update('end')]);
      for (const node of nodes) {
        await node.until('the last', () => node.ids.includes('end'));
        expectNothingSilentlyLost(node, publishers);
        expect(node.gaps.length).toBeGreaterThan(0);
      }
    },
  );
});

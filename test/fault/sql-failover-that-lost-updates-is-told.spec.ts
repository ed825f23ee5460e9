import { describe, expect, it, onTestFinished } from 'vitest';
import { canStartPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { update, updates } from '../transport/typeorm/support/node.js';
import { expectNothingSilentlyLost, hasAll, Publishing } from './support/publishing.js';
import { type SqlNode, sqlNode } from './support/sql-nodes.js';

const OPTIONS = { dispatchTimeoutMs: 20_000 };

async function proxyTo(server: PostgresServer): Promise<TcpProxy> {
  const proxy = await startTcpProxy(server);
  onTestFinished(() => proxy.close());
  return proxy;
}

/** A primary, a standby that follows it asynchronously, and two nodes on an address of their own that may move. */
async function cluster() {
  const primary = await startPostgres('fsync=off');
  onTestFinished(() => primary.remove());
  const replication = await proxyTo(primary);
  const standby = await primary.standby(replication.port);
  onTestFinished(() => standby.remove());
  const addresses = [await proxyTo(primary), await proxyTo(primary)] as const;
  const nodeAt = ({ port }: TcpProxy) =>
    sqlNode({ url: `postgres://postgres@127.0.0.1:${port}/postgres` }, OPTIONS);
  const nodes = [await nodeAt(addresses[0]), await nodeAt(addresses[1])] as const;
  return {
    primary,
    nodes,
    addresses,
    /** From now on nothing reaches the standby. */
    partStandby: () => replication.blackhole(),
    /** Resolves when the standby has all there is. */
    standbyHasAll: async () => {
      const [at] = (await primary.query('SELECT pg_current_wal_lsn()::text AS lsn')) as [{ lsn: string }];
      const isThere = async () => {
        const text = 'SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS there';
        return ((await standby.query(text, [at.lsn])) as [{ there: boolean }])[0].there;
      };
      await expect.poll(isThere, { timeout: 60_000 }).toBe(true);
    },
    failOver: async () => {
      await primary.crash();
      for (const address of addresses) address.redirect(standby);
      await standby.promote();
      for (const address of addresses) address.heal();
      for (const address of addresses) address.cut();
    },
  };
}

async function idsIn(node: SqlNode): Promise<string[]> {
  const kept = await node.readAfter(await node.transport.earliest());
  return kept.map(({ update: { id } }) => id);
}

const idsOf = (name: string, count: number) => updates(name, count).map(({ id }) => id);

describe.skipIf(!canStartPostgres('a failover of PostgreSQL'))(
  'A standby of PostgreSQL that is promoted',
  () => {
    it('and has everything: nothing is lost, nothing comes twice, and nobody is told a gap', async () => {
      const { nodes, standbyHasAll, failOver } = await cluster();
      const before = nodes.map((node, index) => new Publishing(node, `b${index}`));
      for (const each of before) await each.goesOn();
      await Promise.all(before.map((each) => each.stop()));
      await standbyHasAll();
      await failOver();
      const after = nodes.map((node, index) => new Publishing(node, `a${index}`));
      for (const each of after) await each.goesOn();
      await Promise.all(after.map((each) => each.stop()));
      for (const node of nodes) {
        await hasAll(node, [...before, ...after]);
        expectNothingSilentlyLost(node, [...before, ...after]);
        expect(node.gaps).toEqual([]);
      }
      expect(nodes[0].ids, 'one order').toEqual(nodes[1].ids);
    });

    it.each([
      ['both nodes had been given', true],
      ['only the node that stored them had been given', false],
    ])(
      'and lacks the newest, which %s: none of them comes after it, and every node tells one gap',
      async (_who, bothSaw) => {
        const { nodes, addresses, standbyHasAll, partStandby, failOver } = await cluster();
        const [one, other] = nodes;
        await one.transport.append(updates('u', 10));
        for (const node of nodes) await node.hasSeen(10);
        await standbyHasAll();
        partStandby();
        if (!bothSaw) addresses[1].blackhole();
        await one.transport.append(updates('lost', 5));
        for (const node of bothSaw ? nodes : [one]) await node.hasSeen(15);
        await failOver();
        // Ids that nobody has any more may come again, and are not what they were.
        await one.transport.append([update('after'), update('lost3', { data: 'anew' })]);
        for (const node of nodes) await node.until('a gap', () => node.gaps.length > 0);
        await other.transport.append([update('later')]);
        for (const node of nodes) await node.until('what comes later', () => node.ids.includes('later'));
        const kept = [...idsOf('u', 10), 'after', 'lost3', 'later'];
        for (const node of nodes) {
          expect(node.gaps, 'told once').toHaveLength(1);
          expect(new Set(node.seen.map(({ position }) => position)).size).toBe(node.seen.length);
          expect(await idsIn(node), 'what is kept').toEqual(kept);
          expect(await node.transport.locate('lost4')).toMatchObject({ found: false });
          const anew = await node.transport.read(
            await node.positionOf('after'),
            await node.positionOf('lost3'),
          );
          expect(anew!.updates.map(({ update: { data } }) => data)).toEqual(['anew']);
        }
        for (const [node, before] of [
          [one, [...idsOf('u', 10), ...idsOf('lost', 5)]],
          [other, [...idsOf('u', 10), ...(bothSaw ? idsOf('lost', 5) : [])]],
        ] as const) {
          expect(node.ids.slice(0, before.length)).toEqual(before);
          expect(node.gaps[0]!.after, 'in its place').toBeGreaterThanOrEqual(before.length);
          const rest = node.seen.slice(before.length).map(({ update: { id, data } }) => `${id}: ${data}`);
          // What was stored before a node looked lies within its gap, or was delivered before it.
          const fresh = ['after: data of after', 'lost3: anew', 'later: data of later'];
          expect(rest).toEqual(fresh.slice(-rest.length));
        }
      },
    );
  },
);

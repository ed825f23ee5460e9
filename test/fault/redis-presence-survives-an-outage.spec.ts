import { describe, expect, it } from 'vitest';
import type { PresenceBoard } from '../../src/transport/abilities.js';
import { canStartRedis } from '../support/redis.js';
import { nodeOn, privateRedis, proxyTo } from './support/redis-nodes.js';
import { pause } from './support/runs.js';

/** A node's board, and what it was told. */
interface Member {
  readonly board: PresenceBoard;
  readonly lost: string[];
  readonly restored: string[];
}

async function member(server: { readonly port: number }, leaseMs = 900): Promise<Member> {
  const { transport } = await nodeOn(server, { leaseMs, timeoutMs: 300 });
  const [lost, restored]: [string[], string[]] = [[], []];
  const board = transport.openPresence({
    lost: (entries) => Promise.resolve(void lost.push(...entries.map(({ id }) => id))),
    restored: (entries) => Promise.resolve(void restored.push(...entries.map(({ id }) => id))),
  });
  return { board, lost, restored };
}

const entries = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `${name}-${index}`, text: name }));
const idsIn = async ({ board }: Member) => (await board.list()).map(({ id }) => id).toSorted();

describe.skipIf(!(await canStartRedis('presence over an outage')))('Presence on Redis', () => {
  it(
    'takes nobody for dead after an outage longer than all leases, also one that is back later: nothing is told',
    { timeout: 60_000 },
    async () => {
      const leaseMs = 3000;
      const server = await privateRedis();
      const proxies = [await proxyTo(server), await proxyTo(server)] as const;
      const members = [await member(proxies[0], leaseMs), await member(proxies[1], leaseMs)] as const;
      for (const [index, { board }] of members.entries()) await board.join(entries(`n${index}`, 5));
      // Long enough for each to trust the lease of the other.
      await pause(1.2 * leaseMs);
      for (const proxy of proxies) proxy.refuse();
      await pause(1.2 * leaseMs);
      proxies[0].heal();
      // One is back, and sees that the lease of the other is over; which comes half a lease later.
      await expect.poll(() => idsIn(members[0]).catch(() => []), { timeout: 20_000 }).not.toEqual([]);
      await pause(leaseMs / 2);
      proxies[1].heal();
      await expect.poll(() => idsIn(members[0]), { timeout: 20_000 }).toHaveLength(10);
      await pause(leaseMs);
      for (const each of members) {
        expect([each.lost, each.restored]).toEqual([[], []]);
        expect(await idsIn(each)).toHaveLength(10);
      }
    },
  );

  it(
    'tells the subscribers of a node that was cut off again, when it is back',
    { timeout: 60_000 },
    async () => {
      const server = await privateRedis();
      const proxy = await proxyTo(server);
      const [cut, other] = [await member(proxy), await member(server)];
      await cut.board.join(entries('cut', 5));
      await other.board.join(entries('other', 3));
      proxy.refuse();
      await expect
        .poll(() => other.lost.toSorted(), { timeout: 20_000 })
        .toEqual(entries('cut', 5).map(({ id }) => id));
      expect(await idsIn(other)).toEqual(entries('other', 3).map(({ id }) => id));
      const left = cut.board.leave(['cut-4']);
      const joined = cut.board.join(entries('late', 1));
      proxy.heal();
      await Promise.all([left, joined]);
      const now = ['cut-0', 'cut-1', 'cut-2', 'cut-3', 'late-0', 'other-0', 'other-1', 'other-2'];
      expect(await idsIn(other)).toEqual(now);
      expect(cut.restored.toSorted()).toEqual(['cut-0', 'cut-1', 'cut-2', 'cut-3']);
      expect([cut.lost, other.restored]).toEqual([[], []]);
    },
  );

  it('tells all subscribers again where the store was emptied', { timeout: 60_000 }, async () => {
    const server = await privateRedis();
    const [one, other] = [await member(server), await member(server)];
    await one.board.join(entries('one', 3));
    await server.command('FLUSHALL');
    await expect
      .poll(() => one.restored.toSorted(), { timeout: 20_000 })
      .toEqual(['one-0', 'one-1', 'one-2']);
    expect(await idsIn(other)).toEqual(['one-0', 'one-1', 'one-2']);
  });
});

import assert from 'node:assert/strict';
import type { HistoryPage } from '../../transport/transport.js';
import type { Row } from '../bench.js';
import type { ContractNode } from '../contract-node.js';
import { idsOf, sameList, sample, samples } from '../samples.js';

const MIB = 1024 * 1024;

async function read(node: ContractNode, after: string, until: string): Promise<HistoryPage> {
  const page = await node.transport.read(after, until);
  assert(page, 'what is kept is read, not told as missing');
  return page;
}

const idsOfPage = ({ updates }: HistoryPage): string[] => idsOf(updates.map(({ update }) => update));

export const READING: readonly Row[] = [
  {
    promise: 'begins an empty history where it starts, with nothing to read and no newest update',
    async play(bench) {
      const node = await bench.node();
      assert.equal(node.start.newest, undefined);
      assert.equal(await node.transport.earliest(), node.start.position);
      const page = await read(node, node.start.position, node.start.position);
      assert.deepEqual([page.updates.length, page.end], [0, node.start.position]);
      assert.deepEqual(await node.transport.locate('never'), { found: false, reason: 'unknown' });
    },
  },
  {
    promise: 'reads from an id on, page by page, up to the position asked for and not past it',
    async play(bench) {
      const node = await bench.node();
      const updates = samples('u', 1234);
      await node.transport.append(updates);
      await node.hasSeen(1234);
      const from = await node.positionOf('u-10');
      assert.equal(from, node.seen[10]!.position, 'an id is found where it was delivered');
      const rest = (await node.readAfter(from)).map(({ update }) => update);
      sameList(idsOf(rest), idsOf(updates.slice(11)), 'what comes after the id');
      const until = node.seen[20]!.position;
      const page = await read(node, from, until);
      sameList(idsOfPage(page), idsOf(updates.slice(11, 21)), 'up to the position asked for');
      assert.equal(page.end, until, 'the end is the position asked for when nothing is left');
    },
  },
  {
    promise:
      'gives an empty page that ends where it began when that lies at or beyond the position asked for',
    async play(bench) {
      const node = await bench.node();
      await node.transport.append(samples('u', 3));
      await node.hasSeen(3);
      const [first, , last] = node.seen.map(({ position }) => position) as [string, string, string];
      assert.deepEqual({ ...(await read(node, last, first)) }.end, last);
      assert.deepEqual((await read(node, last, first)).updates, []);
      const none = await read(node, last, last);
      assert.deepEqual([none.updates.length, none.end], [0, last]);
    },
  },
  {
    promise: 'ends a page at 500 updates, or with the one that reaches a mebibyte, and always makes progress',
    async play(bench) {
      const node = await bench.node();
      const first = node.position;
      await node.transport.append(samples('small', 1100));
      for (const name of ['a', 'b', 'c']) {
        await node.transport.append([sample(`large-${name}`, { data: name.repeat(MIB) })]);
      }
      for (const half of samples('half', 6, { data: 'x'.repeat(MIB / 2) }))
        await node.transport.append([half]);
      await node.hasSeen(1109);
      let position = first;
      for (let pages = 0; position !== node.position; pages++) {
        const page = await read(node, position, node.position);
        assert(page.updates.length > 0, 'a page before the end has an update');
        assert(page.updates.length <= 500, `a page has ${page.updates.length} updates`);
        const besides = page.updates.slice(0, -1).reduce((sum, { update }) => sum + update.data.length, 0);
        assert(besides < MIB, 'a page ends with the update that reaches a mebibyte');
        assert(pages < 20, 'pages are not needlessly small');
        position = page.end;
      }
    },
  },
  {
    promise: 'takes a reused id for its first occurrence; the later ones are read',
    async play(bench) {
      const node = await bench.node();
      const order = ['x', 'a', 'x', 'b', 'x'];
      for (const [index, id] of order.entries())
        await node.transport.append([sample(id, { data: `${index}` })]);
      await node.hasSeen(5);
      assert.equal(await node.positionOf('x'), node.seen[0]!.position);
      const rest = await node.readAfter(await node.positionOf('x'));
      assert.deepEqual(
        rest.map(({ update }) => update.data),
        ['1', '2', '3', '4'],
      );
    },
  },
  {
    promise: 'keeps the kinds in one order, each found by its id',
    async play(bench) {
      const node = await bench.node();
      const first = node.position;
      for (let round = 0; round < 10; round++) {
        await node.transport.append([sample(`update-${round}`)]);
        await node.transport.append(samples(`presence-${round}`, 2, { private: true }), 'presence');
      }
      await node.hasSeen(30);
      const kept = (await node.readAfter(first)).map(({ update }) => update);
      sameList(idsOf(kept), node.ids, 'read in the order of delivery');
      for (const { position, update } of node.seen) assert.equal(await node.positionOf(update.id), position);
    },
  },
];

import assert from 'node:assert/strict';
import type { Bench, Row } from '../bench.js';
import type { ContractNode } from '../contract-node.js';
import { held, idsOf, sameList, samples } from '../samples.js';

/** Appends batches of random sizes at random times, many of them at once; the ids of each, in the order of the calls. */
export async function appendAtRandom(
  bench: Bench,
  node: ContractNode,
  name: string,
  calls: number,
): Promise<string[][]> {
  const batches: string[][] = [];
  const acknowledged: Promise<void>[] = [];
  for (let call = 0; call < calls; call++) {
    const batch = samples(`${name}-${call}`, 1 + bench.choices.below(4));
    batches.push(idsOf(batch));
    acknowledged.push(held(node.transport.append(batch)));
    await bench.dawdle();
  }
  await Promise.all(acknowledged);
  return batches;
}

/** Whether the batches of one caller lie in an order each in one piece, and one after the other. */
function followsCalls(order: readonly string[], batches: readonly string[][]): void {
  const places = new Map(order.map((id, index) => [id, index]));
  let last = -1;
  for (const batch of batches) {
    const first = places.get(batch[0]!)!;
    assert(first > last, `${batch[0]} comes after what was appended before it by the same node`);
    for (const [index, id] of batch.entries()) {
      assert.equal(places.get(id), first + index, `${id} is adjacent to the others of its call`);
    }
    last = first;
  }
}

/** Whether nodes agree on an order that has all of these batches, once each. */
async function agree(nodes: readonly ContractNode[], callers: readonly string[][][]): Promise<void> {
  const expected = callers.flat(2);
  await Promise.all(nodes.map((node) => node.hasSeen(expected.length)));
  const order = nodes[0]!.ids;
  sameList(order.toSorted(), expected.toSorted(), 'everything appended is delivered, once');
  for (const node of nodes) sameList(node.ids, order, 'every node delivers in the same order');
  for (const batches of callers) followsCalls(order, batches);
}

/** Of one node. */
export const ORDER: readonly Row[] = [
  {
    promise: 'delivers appends made at the same time once each, in the order of the calls, each in one piece',
    async play(bench) {
      const node = await bench.node();
      await bench.slowDown();
      await agree([node], [await appendAtRandom(bench, node, 'a', 200)]);
    },
  },
  {
    promise: 'reads the order in which it delivered, with the same positions',
    async play(bench) {
      const node = await bench.node();
      const first = await node.transport.earliest();
      const batches = await appendAtRandom(bench, node, 'a', 100);
      await node.hasSeen(batches.flat().length);
      const read = await node.readAfter(first);
      sameList(
        read.map(({ update, position }) => `${update.id} at ${position}`),
        node.seen.map(({ update, position }) => `${update.id} at ${position}`),
        'what is read is what was delivered',
      );
    },
  },
];

/** Of several nodes on one store. */
export const ORDER_OF_NODES: readonly Row[] = [
  {
    promise:
      'delivers what several nodes append at the same time on each of them, in one order, none skipped',
    async play(bench) {
      const nodes = await bench.nodes(3);
      await bench.slowDown();
      const calls = nodes.map((node, index) => appendAtRandom(bench, node, `node${index}`, 120));
      await agree(nodes, await Promise.all(calls));
      for (const node of nodes) {
        const read = await node.readAfter(node.start.position);
        sameList(idsOf(read.map(({ update }) => update)), node.ids, 'every node reads that order');
      }
    },
  },
  {
    promise: 'delivers to a node that starts under way exactly what comes after its starting point',
    async play(bench) {
      const early = await bench.node();
      await bench.slowDown();
      const appending = held(appendAtRandom(bench, early, 'a', 150));
      await early.hasSeen(40);
      const late = await bench.node();
      const all = (await appending).flat().length;
      await early.hasSeen(all);
      const places = early.seen.map(({ position }) => position);
      const missed = places.indexOf(late.start.position) + 1;
      assert(missed > 0, 'the starting point is the place of an update that was delivered elsewhere');
      await late.hasSeen(all - missed);
      sameList(late.ids, early.ids.slice(missed), 'it goes on from its starting point');
      assert.equal(late.start.newest?.id, early.ids[missed - 1], 'the newest update there is told');
    },
  },
];

import assert from 'node:assert/strict';
import type { Bench, Row } from '../bench.js';
import type { ContractNode } from '../contract-node.js';
import { held, sameList, sample, samples } from '../samples.js';
import { appendAtRandom } from './order.js';

/** A promise, and what keeps it. */
function signal(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((keep) => (resolve = keep));
  return { promise, resolve };
}

/** Resumes after an id as a hub does: pages up to what is delivered, then, in that same tick, what is delivered next. */
async function resume(bench: Bench, node: ContractNode, id: string): Promise<() => string[]> {
  const read: string[] = [];
  let position = await node.positionOf(id);
  while (position !== node.position) {
    const page = await node.transport.read(position, node.position);
    assert(page, 'nothing is missing where everything is kept');
    read.push(...page.updates.map(({ update }) => update.id));
    if (page.end === position) {
      const seen = node.seen.length;
      await node.until('what was located is delivered', () => node.seen.length > seen);
    }
    position = page.end;
    if (bench.choices.below(2) === 0) await bench.dawdle();
  }
  const live = node.seen.length;
  return () => [...read, ...node.ids.slice(live)];
}

export const DELIVERY: readonly Row[] = [
  {
    promise: 'resumes from any id while others append: no gap, no duplicate, in order',
    async play(bench) {
      const nodes = await bench.nodes(bench.subject.nodes === 'many' ? 2 : 1);
      const [node] = nodes as [ContractNode];
      await node.transport.append(samples('history', 700));
      for (const each of nodes) await each.hasSeen(700);
      await bench.slowDown();
      const appending = nodes.map((each, index) => held(appendAtRandom(bench, each, `node${index}`, 100)));
      const resumed: { readonly from: string; readonly got: () => string[] }[] = [];
      for (let reader = 0; reader < 40; reader++) {
        const on = nodes[reader % nodes.length]!;
        const known = on.ids;
        const from = known[bench.choices.below(known.length)]!;
        resumed.push({ from, got: await resume(bench, on, from) });
        await bench.dawdle();
      }
      const appended = (await Promise.all(appending)).flat(2).length;
      for (const each of nodes) await each.hasSeen(700 + appended);
      for (const { from, got } of resumed) {
        sameList(got(), node.ids.slice(node.ids.indexOf(from) + 1), `resumed from ${from}`);
      }
    },
  },
  {
    promise: 'acknowledges what is stored, however far behind its node is, and delivers all of it afterwards',
    async play(bench) {
      const node = await bench.node();
      const caughtUp = signal();
      node.behind = caughtUp.promise;
      for (let round = 0; round < 20; round++) {
        const appended = node.transport.append(samples(`round-${round}`, 50));
        await bench.inTime('the answer to an append', appended);
      }
      node.behind = undefined;
      caughtUp.resolve();
      await node.hasSeen(1000);
      assert.equal(new Set(node.ids).size, 1000);
    },
  },
];

/** Where nodes read what others wrote. */
export const BACK_PRESSURE: readonly Row[] = [
  {
    promise: 'delivers no more to a node that is behind until it is not',
    async play(bench) {
      const [writer, reader] = (await bench.nodes(2)) as [ContractNode, ContractNode];
      const caughtUp = signal();
      reader.behind = caughtUp.promise;
      for (let round = 0; round < 20; round++) {
        await writer.transport.append(samples(`round-${round}`, 200));
        await bench.dawdle();
      }
      await writer.hasSeen(4000);
      await reader.hasSeen(1);
      await bench.dawdle();
      assert.equal(reader.calls, 1, 'once, and then not until it has caught up');
      assert(reader.seen.length <= 2000, `of what is stored it is given little: ${reader.seen.length}`);
      reader.behind = undefined;
      caughtUp.resolve();
      await reader.hasSeen(4000);
      sameList(reader.ids, writer.ids, 'then the rest, in order');
    },
  },
  {
    promise:
      'tells a gap to a node that is behind where what it had not been given is dropped; it skips nothing',
    bounds: { maxUpdates: 50 },
    async play(bench) {
      const [writer, reader] = (await bench.nodes(2)) as [ContractNode, ContractNode];
      const caughtUp = signal();
      reader.behind = caughtUp.promise;
      await writer.transport.append(samples('first', 5));
      await Promise.all([writer.hasSeen(5), reader.hasSeen(1)]);
      let rounds = 0;
      await bench.eventually('what the reader has not been given is dropped', async () => {
        if (rounds++ < 500) await writer.transport.append(samples(`round-${rounds}`, 10));
        await writer.until('all of it', () => writer.seen.length >= 5 + 10 * Math.min(rounds, 500));
        const earliest = await writer.transport.earliest();
        return writer.seen.findIndex(({ position }) => position === earliest) > 200;
      });
      reader.behind = undefined;
      caughtUp.resolve();
      await writer.transport.append([sample('end')]);
      await reader.until('the last', () => reader.ids.includes('end'));
      const order = writer.ids;
      for (const [index, id] of reader.ids.entries()) {
        const place = order.indexOf(id);
        const follows = index === 0 ? place === 0 : order[place - 1] === reader.ids[index - 1];
        assert(follows || reader.gaps.some(({ after }) => after === index), `a hole before ${id} is told`);
      }
    },
  },
];

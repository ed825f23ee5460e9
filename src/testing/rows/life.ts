import assert from 'node:assert/strict';
import type { Row } from '../bench.js';
import { idsOf, refusal, sameList, sample, samples } from '../samples.js';
import { appendAtRandom } from './order.js';

/** Of transports whose history outlives its process. */
export const DURABLE: readonly Row[] = [
  {
    promise: 'keeps everything over a restart: order, positions, ids, bytes; and delivers none of it again',
    async play(bench) {
      const before = await bench.node();
      const start = before.position;
      await appendAtRandom(bench, before, 'a', 40);
      await before.transport.append([
        sample('private', { private: true, data: 'one\0two', type: 't', retry: 7 }),
      ]);
      await before.transport.append(samples('presence', 3, { private: true }), 'presence');
      await before.hasSeen((await before.readAfter(start)).length);
      await before.transport.close();

      const after = await bench.node();
      assert.equal(after.start.position, before.position, 'it starts where the last node was');
      assert.deepEqual({ ...after.start.newest }, { id: 'presence-2', private: true });
      const kept = await after.readAfter(start);
      assert.deepEqual(
        kept.map(({ position, update }) => [position, { ...update }]),
        before.seen.map(({ position, update }) => [position, { ...update }]),
      );
      assert.equal(await after.positionOf('private'), await after.positionOf(before.ids.at(-4)!));
      await after.transport.append([sample('next')]);
      await after.hasSeen(1);
      assert.deepEqual(after.ids, ['next']);
      assert.deepEqual(after.gaps, [], 'a restart that lost nothing is no gap');
    },
  },
];

/** Whether an answer is right, or none is given because the store is away. */
async function orAway<T>(answer: Promise<T>, isRight: (value: T) => boolean): Promise<void> {
  const known = await answer.then(
    (value) => ({ value }),
    () => undefined,
  );
  if (known) assert(isRight(known.value), 'what is answered while the store is away is right');
  else await refusal(answer, 'TRANSPORT_UNAVAILABLE');
}

/** Of transports whose store can be taken away. */
export const OUTAGES: readonly Row[] = [
  {
    promise:
      'refuses what it cannot store while the store is away, goes on by itself, and tells no gap where none is',
    async play(bench) {
      const node = await bench.node();
      await node.transport.append(samples('before', 5));
      await node.hasSeen(5);
      const bringBack = await bench.takeAway();
      await refusal(node.transport.append([sample('during')]), 'TRANSPORT_UNAVAILABLE');
      // Either may know by itself; what it does not know it does not make up.
      await orAway(node.transport.locate('before-0'), ({ found }) => found);
      await orAway(node.transport.locate('never'), ({ found }) => !found);
      await orAway(
        node.transport.read(node.start.position, node.position),
        (page) => page?.updates.length === 5,
      );
      await bringBack();
      await bench.eventually('it takes updates again', () =>
        node.transport.append([sample('after')]).then(
          () => true,
          () => false,
        ),
      );
      await node.until('the update after it', () => node.ids.includes('after'));
      assert.deepEqual(node.gaps, []);
      const kept = await node.readAfter(node.start.position);
      sameList(idsOf(kept.map(({ update }) => update)), node.ids, 'what is kept was delivered, once');
      sameList(node.ids.slice(0, 5), idsOf(samples('before', 5)), 'what was there before is there');
    },
  },
  {
    promise:
      'loses nothing it acknowledges, and repeats nothing it delivered, however often the store goes away',
    async play(bench) {
      const count = bench.subject.nodes === 'many' ? 2 : 1;
      const nodes = await bench.nodes(count);
      const acknowledged: string[] = [];
      const run = { isOver: false };
      const publishing = nodes.map(async ({ transport }, index) => {
        for (let number = 0; !run.isOver || number < 50; number++) {
          const id = `node${index}-${number}`;
          const stored = await transport.append([sample(id)]).then(
            () => true,
            () => false,
          );
          if (stored) acknowledged.push(id);
          await bench.dawdle();
        }
      });
      for (let outage = 0; outage < 3; outage++) {
        const seen = nodes[0]!.seen.length;
        await nodes[0]!.hasSeen(seen + 10);
        const bringBack = await bench.takeAway();
        await bench.dawdle();
        await bringBack();
      }
      run.isOver = true;
      await Promise.all(publishing);
      for (const node of nodes) {
        const missing = () => acknowledged.find((id) => !node.ids.includes(id));
        await node.until('everything acknowledged', () => missing() === undefined);
        assert.equal(new Set(node.seen.map(({ position }) => position)).size, node.seen.length, 'none twice');
        assert.deepEqual(node.gaps, []);
      }
      const [first, ...others] = nodes.map(({ ids }) => ids);
      for (const ids of others) {
        const common = Math.min(ids.length, first!.length);
        sameList(ids.slice(0, common), first!.slice(0, common), 'the nodes agree on the order');
      }
    },
  },
];

/** Of transports whose store can be emptied behind their back. */
export const EPOCHS: readonly Row[] = [
  {
    promise:
      'tells every node a gap where the store was emptied, takes no position of before for one of now, goes on',
    async play(bench) {
      const nodes = await bench.nodes(bench.subject.nodes === 'many' ? 2 : 1);
      const [node] = nodes as [(typeof nodes)[0]];
      const start = node.position;
      await node.transport.append(samples('before', 10));
      for (const each of nodes) await each.hasSeen(10);
      const places = node.seen.map(({ position }) => position);
      await bench.wipe();
      for (const each of nodes) await each.until('the gap', () => each.gaps.length > 0);
      await node.transport.append(samples('after', 15));
      for (const each of nodes) {
        await each.until('what comes after the gap', () => each.ids.includes('after-14'));
        sameList(each.ids, idsOf([...samples('before', 10), ...samples('after', 15)]), 'nothing else');
        assert.deepEqual(
          each.gaps.map(({ after }) => after),
          [10],
          'it was told once, before what comes after',
        );
        for (const id of ['before-0', 'before-9'])
          assert.equal((await each.transport.locate(id)).found, false);
        for (const position of [start, ...places]) {
          assert.equal(await each.transport.read(position, each.position), undefined, 'of another epoch');
        }
        const begin = each.gaps[0]!.position;
        const ahead = await each.transport.read(begin, places.at(-1)!);
        assert.deepEqual([ahead?.updates, ahead?.end], [[], begin], 'it lies beyond every one of before');
        const kept = await each.readAfter(begin);
        sameList(idsOf(kept.map(({ update }) => update)), idsOf(samples('after', 15)), 'what is kept now');
      }
    },
  },
];

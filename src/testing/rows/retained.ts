import assert from 'node:assert/strict';
import type { RetainsUpdates } from '../../transport/abilities.js';
import type { Transport } from '../../transport/transport.js';
import type { Update } from '../../update/update.js';
import type { Bench, Row } from '../bench.js';
import { ContractNode } from '../contract-node.js';
import { samples } from '../samples.js';

type Retaining = Transport & RetainsUpdates;

/** A node that retains, and what it keeps of topics up to where it is delivered. */
async function retaining(bench: Bench, maxTopics = 1000) {
  const transport = bench.open() as Retaining;
  transport.retain({ maxTopics });
  const node = await ContractNode.start(transport, bench.patienceMs);
  return {
    node,
    transport,
    latest: async (topics: readonly string[], until = node.position): Promise<string[]> =>
      (await transport.latest(topics, until)).map(({ update }) => update.id),
  };
}

const on = (id: string, ...topics: string[]): Update => ({
  id,
  topics,
  data: `data of ${id}\0`,
  private: false,
});

export const RETAINED: readonly Row[] = [
  {
    promise: 'keeps the newest update of each exact topic, gives it in order, once, as it was appended',
    async play(bench) {
      const { node, transport, latest } = await retaining(bench);
      await transport.append([on('1', 'a'), on('2', 'b'), on('3', 'a', 'c'), on('4', 'd'), on('5', 'b')]);
      await node.hasSeen(5);
      assert.deepEqual(await latest(['b', 'a']), ['3', '5']);
      assert.deepEqual(await latest(['a', 'c']), ['3'], 'the newest of both is given once');
      assert.deepEqual(await latest(['never', 'A', 'a ', '']), []);
      assert.deepEqual(await latest([]), []);
      const [stored] = await transport.latest(['d'], node.position);
      assert.deepEqual({ ...stored!.update }, on('4', 'd'));
      assert.equal(stored!.position, node.seen[3]!.position, 'with its place in the order');
    },
  },
  {
    promise: 'leaves out what lies after the position asked for: it is still to be delivered',
    async play(bench) {
      const { node, transport, latest } = await retaining(bench);
      await transport.append([on('1', 'a'), on('2', 'b'), on('3', 'a')]);
      await node.hasSeen(3);
      assert.deepEqual(await latest(['a', 'b'], node.seen[1]!.position), ['2']);
      assert.deepEqual(await latest(['a', 'b'], node.start.position), []);
    },
  },
  {
    promise: 'keeps it when its history is trimmed, and drops the topics updated longest ago past its bound',
    bounds: { maxUpdates: 10 },
    async play(bench) {
      const { node, transport, latest } = await retaining(bench, 40);
      await transport.append([on('kept', 'kept')]);
      for (let round = 0; round < 30; round++) {
        await transport.append(samples(`u-${round}`, 10, { topics: ['busy'] }));
      }
      await node.hasSeen(301);
      await bench.eventually('the history is trimmed', async () => !(await transport.locate('kept')).found);
      assert.deepEqual(await latest(['kept', 'busy']), ['kept', 'u-29-9']);
      let count = 0;
      await bench.eventually('a topic of long ago is dropped', async () => {
        const batch = Array.from({ length: 40 }, () => on(`t-${count}`, `topic-${count++}`));
        await transport.append([...batch, on(`again-${count}`, 'again')]);
        await node.until('them', () => node.ids.includes(`again-${count}`));
        return (await latest(['kept'])).length === 0;
      });
      assert.deepEqual(await latest([`topic-${count - 1}`, 'again']), [`t-${count - 1}`, `again-${count}`]);
    },
  },
  {
    promise: 'keeps none of the events about subscriptions',
    async play(bench) {
      const { node, transport, latest } = await retaining(bench);
      await transport.append([on('event', 'a')], 'presence');
      await node.hasSeen(1);
      assert.deepEqual(await latest(['a']), []);
    },
  },
  {
    promise: 'gives what other nodes appended, and what was appended before a restart',
    async play(bench) {
      if (bench.subject.durability === 'process') return;
      const { node, transport } = await retaining(bench);
      await transport.append([on('1', 'a'), on('2', 'b')]);
      await node.hasSeen(2);
      if (bench.subject.nodes === 'one') await transport.close();
      const other = await retaining(bench);
      assert.deepEqual(await other.latest(['a', 'b']), ['1', '2']);
      await other.transport.append([on('3', 'a')]);
      await other.node.hasSeen(1);
      assert.deepEqual(await other.latest(['a', 'b']), ['2', '3']);
    },
  },
];

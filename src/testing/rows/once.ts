import assert from 'node:assert/strict';
import type { StoresOnce } from '../../transport/abilities.js';
import type { Transport } from '../../transport/transport.js';
import type { Update } from '../../update/update.js';
import type { Bench, Row } from '../bench.js';
import type { ContractNode } from '../contract-node.js';
import { held, refusal, sample, samples } from '../samples.js';

const WINDOW = { maxAgeMs: 60_000, maxCount: 10_000 };
const once = ({ transport }: ContractNode) => transport as Transport & StoresOnce;

/** One field differs each time: the same id with one of them is another publication. */
const OTHERS: readonly Update[] = [
  sample('a', { data: 'another' }),
  sample('a', { data: 'data of a\0' }),
  sample('a', { private: true }),
  sample('a', { type: 'another' }),
  sample('a', { retry: 5 }),
  sample('a', { topics: ['https://example.com/t', 'https://example.com/u'] }),
  sample('a', { topics: ['https://example.com/u'] }),
];

async function nodesOf(bench: Bench): Promise<[ContractNode, ContractNode]> {
  const nodes = await bench.nodes(bench.subject.nodes === 'many' ? 2 : 1);
  return [nodes[0]!, nodes.at(-1)!];
}

export const ONCE: readonly Row[] = [
  {
    promise:
      'stores a publication that is sent again once, on whatever node, also beside others that are new',
    async play(bench) {
      const [node, other] = await nodesOf(bench);
      await once(node).appendOnce([sample('a')], WINDOW);
      await once(other).appendOnce([sample('a')], WINDOW);
      await once(node).appendOnce([sample('b'), sample('a'), sample('c')], WINDOW);
      await once(other).appendOnce([sample('d'), sample('d')], WINDOW);
      await once(node).appendOnce([sample('end')], WINDOW);
      await node.until('the last', () => node.ids.includes('end'));
      assert.deepEqual(node.ids, ['a', 'b', 'c', 'd', 'end']);
    },
  },
  {
    promise:
      'refuses a call with another publication of a known id whole, naming the id and nothing of the data',
    async play(bench) {
      const [node, other] = await nodesOf(bench);
      await once(node).appendOnce([sample('a')], WINDOW);
      for (const [index, conflicting] of OTHERS.entries()) {
        const refused = once(other).appendOnce([sample(`with-${index}`), conflicting], WINDOW);
        const error = await refusal(refused, 'ID_CONFLICT');
        assert.equal(error.status, 409);
        assert.match(`${error.message} ${error.remedy}`, /\ba\b/);
        assert.doesNotMatch(`${error.message} ${error.remedy}`, /another|data of/);
      }
      await refusal(
        once(node).appendOnce([sample('b'), sample('b', { data: 'two' })], WINDOW),
        'ID_CONFLICT',
      );
      await once(node).appendOnce([sample('end')], WINDOW);
      await node.until('the last', () => node.ids.includes('end'));
      assert.deepEqual(node.ids, ['a', 'end']);
    },
  },
  {
    promise:
      'lets one of a hundred at the same time be the first, on whatever node: all are answered, one is stored',
    async play(bench) {
      const nodes = await bench.nodes(bench.subject.nodes === 'many' ? 3 : 1);
      await bench.slowDown();
      const calls = Array.from({ length: 100 }, (_, index) =>
        once(nodes[index % nodes.length]!).appendOnce([sample('same')], WINDOW),
      );
      const bodies = Array.from({ length: 30 }, (_, index) =>
        once(nodes[index % nodes.length]!).appendOnce([sample('contested', { data: `${index}` })], WINDOW),
      );
      const [answers, outcomes] = await Promise.all([Promise.allSettled(calls), Promise.allSettled(bodies)]);
      assert(
        answers.every(({ status }) => status === 'fulfilled'),
        'the same body is never refused',
      );
      assert.equal(
        outcomes.filter(({ status }) => status === 'fulfilled').length,
        1,
        'one body is the first',
      );
      const [node] = nodes as [ContractNode];
      await node.transport.append([sample('end')]);
      await node.until('the last', () => node.ids.includes('end'));
      assert.deepEqual(node.ids.toSorted(), ['contested', 'end', 'same']);
    },
  },
  {
    promise:
      'does not touch the others of the same moment where one conflicts, and knows nothing of what append stores',
    async play(bench) {
      const [node] = await nodesOf(bench);
      await once(node).appendOnce([sample('a')], WINDOW);
      await node.transport.append([sample('a', { data: 'appended' })]);
      const fine = samples('fine', 20).map((update) => held(once(node).appendOnce([update], WINDOW)));
      const refused = refusal(once(node).appendOnce([sample('a', { data: 'two' })], WINDOW), 'ID_CONFLICT');
      await Promise.all([...fine, refused]);
      await node.hasSeen(22);
      assert.deepEqual(new Set(node.ids), new Set(['a', ...samples('fine', 20).map(({ id }) => id)]));
    },
  },
  {
    promise: 'forgets ids past the count of the window, and not before',
    async play(bench) {
      const [node] = await nodesOf(bench);
      const window = { maxAgeMs: 0, maxCount: 50 };
      for (let round = 0; round < 45; round++) await once(node).appendOnce([sample(`id-${round}`)], window);
      for (let round = 0; round < 45; round++) await once(node).appendOnce([sample(`id-${round}`)], window);
      await node.hasSeen(45);
      assert.equal(node.seen.length, 45, 'what is within the window is stored once');
      let more = 0;
      await bench.eventually('an id past the window is new', async () => {
        await once(node).appendOnce(samples(`more-${more++}`, 25), window);
        await once(node).appendOnce([sample('id-44')], window);
        await node.until('what was appended', () => node.ids.includes(`more-${more - 1}-24`));
        return node.ids.filter((id) => id === 'id-44').length === 2;
      });
    },
  },
  {
    promise: 'forgets ids past the age of the window, and not before',
    async play(bench) {
      const [node] = await nodesOf(bench);
      await once(node).appendOnce([sample('a')], WINDOW);
      await new Promise((resume) => setTimeout(resume, 30));
      await once(node).appendOnce([sample('a')], WINDOW);
      await node.hasSeen(1);
      assert.equal(node.seen.length, 1);
      await bench.eventually('an id past its age is new', async () => {
        await once(node).appendOnce([sample('a')], { maxAgeMs: 25, maxCount: 0 });
        return node.seen.length === 2;
      });
    },
  },
  {
    promise: 'remembers over a restart, where the history outlives its process',
    async play(bench) {
      if (bench.subject.durability === 'process') return;
      const before = await bench.node();
      await once(before).appendOnce([sample('a')], WINDOW);
      await before.transport.close();
      const after = await bench.node();
      await once(after).appendOnce([sample('a')], WINDOW);
      await refusal(once(after).appendOnce([sample('a', { data: 'two' })], WINDOW), 'ID_CONFLICT');
      await once(after).appendOnce([sample('end')], WINDOW);
      await after.hasSeen(1);
      assert.deepEqual(after.ids, ['end']);
    },
  },
];

import assert from 'node:assert/strict';
import type { Update } from '../../update/update.js';
import type { Row } from '../bench.js';
import { held, idsOf, refusal, sameList, sample, samples } from '../samples.js';

const COMPOSED = 'caf\u{e9}';
const DECOMPOSED = 'cafe\u{301}';

/** Inputs that some store or driver changes, cuts, folds or refuses. All of them are valid updates. */
const POISONOUS: readonly Update[] = [
  sample('nul-within', { data: 'before\0after' }),
  sample('nul-only', { data: '\0' }),
  sample('controls', { data: '\u{1}\u{8}\t\r\n\u{b}\u{1b}\u{7f}\u{85}\u{2028}\u{2029}\u{feff}' }),
  sample('empty', { data: '' }),
  sample('quotes', { data: `'"\\\`\\\\ \\u0000 \\' ''; -- $1 ? :x %s {} [] <![CDATA[` }),
  sample('beyond-the-plane', {
    data: '\u{1f600}\u{10ffff}\u{1d306}',
    topics: ['https://example.com/\u{1f600}'],
  }),
  sample('noncharacters', { data: '\u{fffe}\u{ffff}\u{fdd0}' }),
  sample('blanks', { data: '  trailing \n ' }),
  sample('large', { data: 'x'.repeat(1024 * 1024) }),
  sample('\u{1f600}'.repeat(128)),
  sample('x'.repeat(512)),
  sample("'; DROP TABLE updates; --"),
  sample('%_\\*?[a]'),
  sample('1e3'),
  sample('-0'),
  sample('__proto__'),
  sample('many-topics', { topics: Array.from({ length: 1000 }, (_, each) => `https://example.com/${each}`) }),
  sample('topics-with-separators', { topics: ['a,b', 'a","b', '["a"]', 'a\tb c', `it's`, '{a}'] }),
  sample('all-fields', { private: true, type: 'a type', retry: 2 ** 31 - 1 }),
];

/** Ids that a collation, a cast or a normalisation takes for one. */
const VARIANTS: readonly (readonly string[])[] = [
  ['id', 'ID', 'Id'],
  [COMPOSED, DECOMPOSED],
  ['stra\u{df}e', 'strasse', 'STRASSE'],
  ['i\u{307}', '\u{130}', 'i'],
  ['a', 'a ', ' a', 'a  '],
  ['1', '01', '1.0', '1e0'],
  ['\u{ff21}', 'A'],
  ['x'.repeat(511), 'x'.repeat(512)],
];

/** No valid updates (a hub refuses them), which some stores refuse too: what is lost with them is looked at. */
const REFUSABLE: readonly Update[] = [
  sample('lone-in-data', { data: '\u{d800}' }),
  sample('lone-in-topic', { topics: ['https://example.com/\u{dfff}'] }),
  sample('lone-\u{d83d}-in-id'),
];

function same(actual: Update, expected: Update, what: string): void {
  // Not compared as text where it is long: the message would be a megabyte.
  const short = ({ data, ...rest }: Update) => ({ ...rest, data: data.slice(0, 100), length: data.length });
  assert.deepEqual(short(actual), short(expected), `${what} as it was appended`);
  assert(actual.data === expected.data, `the data of ${expected.id} is ${what} as it was appended`);
}

export const STORING: readonly Row[] = [
  {
    promise:
      'stores and delivers every valid update as it is: NUL, quotes, ids of 512 bytes, whatever Unicode',
    async play(bench) {
      const node = await bench.node();
      const before = node.position;
      await Promise.all(POISONOUS.map((update) => node.transport.append([update])));
      await node.transport.append(POISONOUS.map((update, index) => ({ ...update, id: `again-${index}` })));
      await node.hasSeen(POISONOUS.length * 2);
      const read = (await node.readAfter(before)).map(({ update }) => update);
      for (const [index, update] of POISONOUS.entries()) {
        same(node.seen[index]!.update, update, 'delivered');
        same(read[index]!, update, 'read');
        same(read[index + POISONOUS.length]!, { ...update, id: `again-${index}` }, 'stored in one call');
      }
    },
  },
  {
    promise:
      'compares ids byte for byte: neither case nor normalisation nor blanks nor numbers make two of them one',
    async play(bench) {
      const node = await bench.node();
      const ids = VARIANTS.flat();
      await node.transport.append(ids.map((id) => sample(id)));
      await node.hasSeen(ids.length);
      for (const [index, id] of ids.entries()) {
        assert.equal(await node.positionOf(id), node.seen[index]!.position, JSON.stringify(id.slice(0, 40)));
      }
      for (const id of ['iD', 'ID ', 'a   ', 'STRA\u{df}E', '1.00', 'x'.repeat(510), '']) {
        assert.equal(
          (await node.transport.locate(id)).found,
          false,
          `${JSON.stringify(id)} was never stored`,
        );
      }
    },
  },
  {
    promise: 'stores an append whole or not at all, and nobody else’s is affected where one is refused',
    async play(bench) {
      const node = await bench.node();
      const before = node.position;
      const good: Update[] = [];
      const others: Promise<void>[] = [];
      const kept: string[] = [];
      const append = (updates: readonly Update[]): void => {
        good.push(...updates);
        others.push(held(node.transport.append(updates)));
      };
      for (const [index, culprit] of REFUSABLE.entries()) {
        append(samples(`before-${index}`, 3));
        const around = [sample(`with-${index}-a`), culprit, sample(`with-${index}-b`)];
        const stored = node.transport.append(around).then(
          () => kept.push(...idsOf(around)),
          () => undefined,
        );
        append(samples(`after-${index}`, 3));
        await stored;
      }
      await Promise.all(others);
      await node.hasSeen(good.length + kept.length);
      // What a store makes of half a character is its business; that the rest of its call came is not.
      const isGood = (id: string): boolean => !id.startsWith('lone-');
      const expected = [...idsOf(good), ...kept].filter(isGood);
      const delivered = node.ids.filter(isGood);
      sameList(delivered.toSorted(), expected.toSorted(), 'what was acknowledged is delivered, nothing else');
      const read = idsOf((await node.readAfter(before)).map(({ update }) => update)).filter(isGood);
      sameList(read, delivered, 'and kept, nothing else');
    },
  },
  {
    promise: 'has stored what it acknowledges: it is found at once, by every node',
    async play(bench) {
      const count = bench.subject.nodes === 'many' ? 2 : 1;
      const nodes = await bench.nodes(count);
      await bench.slowDown();
      for (let round = 0; round < 40; round++) {
        await nodes[round % count]!.transport.append([sample(`round-${round}`)]);
        for (const node of nodes) await node.positionOf(`round-${round}`);
      }
      for (const node of nodes) await node.hasSeen(40);
    },
  },
  {
    promise: 'takes an append of no updates for nothing',
    async play(bench) {
      const node = await bench.node();
      await node.transport.append([]);
      await node.transport.append([sample('a')]);
      await node.hasSeen(1);
      assert.deepEqual(node.ids, ['a']);
    },
  },
  {
    promise: 'takes nothing once it is closed, delivers nothing more, and may be closed twice',
    async play(bench) {
      const node = await bench.node();
      const appended = samples('a', 50).map((update) => node.transport.append([update]));
      const outcomes = Promise.allSettled(appended);
      await node.transport.close();
      const seen = node.seen.length;
      const { status } = await refusal(node.transport.append([sample('late')]), 'HUB_CLOSED');
      assert.equal(status, 503);
      await node.transport.close();
      for (const outcome of await outcomes) {
        if (outcome.status === 'rejected') await refusal(Promise.reject(outcome.reason), 'HUB_CLOSED');
      }
      await new Promise((resume) => setTimeout(resume, 50));
      assert.equal(node.seen.length, seen, 'nothing is delivered after it was closed');
    },
  },
];

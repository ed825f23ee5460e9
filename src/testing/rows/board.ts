import assert from 'node:assert/strict';
import type { PresenceBoard, PresenceEntry, SharesPresence } from '../../transport/abilities.js';
import type { Transport } from '../../transport/transport.js';
import type { Bench, Row } from '../bench.js';
import { held, sameList } from '../samples.js';

interface Member {
  readonly board: PresenceBoard;
  readonly transport: Transport;
  /** What it was told to be left behind, a list a call. */
  readonly lost: string[][];
}

async function member(bench: Bench): Promise<Member> {
  const { transport } = await bench.node();
  const lost: string[][] = [];
  const board = (transport as Transport & SharesPresence).openPresence({
    lost: (entries) => {
      lost.push(entries.map(({ id, text }) => `${id}=${text}`));
      return Promise.resolve();
    },
    restored: () => Promise.resolve(),
  });
  return { board, transport, lost };
}

function entries(name: string, count: number): PresenceEntry[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${name}-${index}`,
    text: JSON.stringify({ name, index, odd: '\0é😀' }),
  }));
}

async function listed(board: PresenceBoard): Promise<string[]> {
  return (await board.list()).map(({ id, text }) => `${id}=${text}`).toSorted();
}

const textOf = (all: readonly PresenceEntry[]): string[] =>
  all.map(({ id, text }) => `${id}=${text}`).toSorted();

async function lists(bench: Bench, { board }: Member, expected: readonly PresenceEntry[]): Promise<void> {
  const wanted = textOf(expected).join();
  await bench.eventually(
    `${expected.length} entries are listed`,
    async () => (await listed(board)).join() === wanted,
  );
}

export const BOARD: readonly Row[] = [
  {
    promise: 'lists its own entries as they are now, and every node’s before long',
    async play(bench) {
      const members = [await member(bench)];
      if (bench.subject.nodes === 'many') members.push(await member(bench), await member(bench));
      const joined = members.map((_, index) => entries(`node${index}`, 20));
      for (const [index, { board }] of members.entries()) {
        const carried = held(board.join(joined[index]!));
        const own = (await listed(board)).filter((text) => text.startsWith(`node${index}-`));
        sameList(own, textOf(joined[index]!), 'its own at once');
        await bench.inTime('they are carried', carried);
      }
      for (const each of members) await lists(bench, each, joined.flat());
      const left = members[0]!.board.leave(joined[0]!.slice(5).map(({ id }) => id));
      const rest = [...joined[0]!.slice(0, 5), ...joined.slice(1).flat()];
      for (const each of members) await lists(bench, each, rest);
      await bench.inTime('their leaving is carried', left);
    },
  },
  {
    promise: 'has every node list who joined, and no more who left, by the time it says so',
    async play(bench) {
      const one = await member(bench);
      const other = bench.subject.nodes === 'many' ? await member(bench) : one;
      await bench.slowDown();
      for (let round = 0; round < 8; round++) {
        const some = entries(`round${round}`, 1 + bench.choices.below(30));
        await bench.inTime('they are carried', one.board.join(some));
        sameList(await listed(other.board), textOf(some), `round ${round}, joined`);
        await bench.inTime('their leaving is carried', one.board.leave(some.map(({ id }) => id)));
        sameList(await listed(other.board), [], `round ${round}, left`);
      }
    },
  },
  {
    promise: 'forgets who joins and leaves at once, and takes a leave of somebody unknown for nothing',
    async play(bench) {
      const one = await member(bench);
      const [stays, ...passes] = entries('node', 200) as [PresenceEntry, ...PresenceEntry[]];
      const calls = [held(one.board.leave(['unknown']))];
      for (const entry of passes) {
        calls.push(held(one.board.join([entry])), held(one.board.leave([entry.id])));
      }
      calls.push(held(one.board.join([stays])));
      assert.deepEqual(await listed(one.board), textOf([stays]));
      await bench.inTime('all of it is carried', Promise.all(calls));
      await lists(bench, bench.subject.nodes === 'many' ? await member(bench) : one, [stays]);
    },
  },
  {
    promise: 'keeps nothing of a node that was closed, and calls none of it lost',
    async play(bench) {
      if (bench.subject.nodes === 'one') return;
      const [leaving, staying] = [await member(bench), await member(bench)];
      await leaving.board.join(entries('leaving', 5));
      await staying.board.join(entries('staying', 1));
      await lists(bench, staying, [...entries('leaving', 5), ...entries('staying', 1)]);
      await leaving.transport.close();
      await lists(bench, staying, entries('staying', 1));
      assert.deepEqual([...leaving.lost, ...staying.lost], []);
    },
  },
];

/** Where nodes can be killed. */
export const DEAD_NODES: readonly Row[] = [
  {
    promise: 'gives what a killed node left behind to one node, whole, once, and lists it no more',
    async play(bench) {
      const members = [await member(bench), await member(bench), await member(bench)];
      const left = entries('killed', 1500);
      const stays = entries('stays', 3);
      await members[0]!.board.join(stays);
      const kill = await bench.spawn(left);
      await lists(bench, members[1]!, [...stays, ...left]);
      await kill();
      for (const each of members) await lists(bench, each, stays);
      const told = () => members.flatMap(({ lost }) => lost.flat());
      await bench.eventually('all of it is told', () => Promise.resolve(told().length >= left.length));
      // Whoever else would tell it as well has had as long as the first.
      await lists(bench, members[2]!, stays);
      sameList(told().toSorted(), textOf(left), 'each entry once, over all nodes');
    },
  },
];

import { DataSource } from 'typeorm';
import { describe, expect, it, onTestFinished } from 'vitest';
import { choices as choicesOf } from '../../src/testing/choices.js';
import { update } from '../transport/typeorm/support/node.js';
import { longOr, pause } from './support/runs.js';
import { servers, sqlNode, storeOf } from './support/sql-nodes.js';

// Each has a connection; suites that run beside it have theirs, of a hundred that a server gives by default.
const WRITERS = longOr(40, 20);
const TRANSACTIONS = longOr(2000, 600);

describe.each(await servers('one order of transactions'))('Transactions in $name', ({ name, makeStore }) => {
  async function application(url: string, poolSize: number): Promise<DataSource> {
    const type = name === 'PostgreSQL' ? 'postgres' : 'mariadb';
    const dataSource = await new DataSource({ type, url, poolSize }).initialize();
    onTestFinished(() => dataSource.destroy());
    return dataSource;
  }

  it.each(Array.from({ length: longOr(5, 1) }, () => Math.trunc(Math.random() * 2 ** 31)))(
    'that take their places early and commit late, or never, are delivered once, in one order, on every node (seed %i)',
    { timeout: 180_000 },
    async (seed) => {
      const choices = choicesOf(seed);
      const store = await storeOf(makeStore);
      const { url } = store;
      const nodes = [await sqlNode({ url }), await sqlNode({ url }), await sqlNode({ url })] as const;
      const dataSource = await application(url, WRITERS);
      const committed: string[] = [];
      let begun = 0;
      const write = async (writer: number): Promise<void> => {
        while (begun < TRANSACTIONS) {
          const id = `t${begun++}`;
          const runner = dataSource.createQueryRunner();
          await runner.startTransaction();
          await pause(choices.below(4));
          await nodes[writer % 3]!.transport.appendWithin(runner, [update(id), update(`${id}+`)]);
          if (choices.below(3) === 0) await pause(choices.below(8));
          if (choices.below(10) === 0) await runner.rollbackTransaction();
          else {
            await runner.commitTransaction();
            committed.push(id, `${id}+`);
          }
          await runner.release();
        }
      };
      await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
      for (const node of nodes) {
        const wanted = new Set(committed);
        await node.until('what was committed', () => {
          for (const id of node.ids) wanted.delete(id);
          return wanted.size === 0;
        });
        expect(node.ids.length, 'nothing twice, and nothing of what was rolled back').toBe(committed.length);
        expect(node.gaps).toEqual([]);
      }
      expect(nodes[1].ids, 'one order').toEqual(nodes[0].ids);
      expect(nodes[2].ids, 'one order').toEqual(nodes[0].ids);
      // And the order of delivery is the one that is read later.
      const read = await nodes[0].readAfter(nodes[0].start.position);
      expect(read.map(({ update: { id } }) => id)).toEqual(nodes[0].ids);
    },
  );

  it.each(['commits', 'rolls back'] as const)(
    'of which one pauses between its insert and its commit while later ones commit: none is skipped, whether it %s',
    async (end) => {
      const { url } = await storeOf(makeStore);
      const [one, other] = [await sqlNode({ url }), await sqlNode({ url })];
      const dataSource = await application(url, 2);
      const runner = dataSource.createQueryRunner();
      await runner.startTransaction();
      await one.transport.appendWithin(runner, [update('early')]);
      const later = Array.from({ length: 20 }, (_, index) =>
        other.transport.append([update(`later${index}`)]),
      );
      // Whoever would read past the hole would do so now.
      await pause(700);
      const seenBefore = one.ids.length + other.ids.length;
      if (end === 'commits') await runner.commitTransaction();
      else await runner.rollbackTransaction();
      await Promise.all(later);
      await runner.release();
      expect(seenBefore, 'nothing overtakes it').toBe(0);
      const expected = later.map((_, index) => `later${index}`);
      if (end === 'commits') expected.unshift('early');
      for (const node of [one, other]) {
        await node.hasSeen(expected.length);
        expect(node.ids).toEqual(expected);
        expect(node.gaps).toEqual([]);
      }
    },
  );
});

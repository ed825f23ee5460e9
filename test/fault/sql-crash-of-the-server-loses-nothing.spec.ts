import { describe, expect, it, onTestFinished } from 'vitest';
import { canStartPostgres, startPostgres } from '../support/postgres-server.js';
import { expectNothingSilentlyLost, hasAll, Publishing } from './support/publishing.js';
import { longOr, pause } from './support/runs.js';
import { sqlNode } from './support/sql-nodes.js';

describe.skipIf(!canStartPostgres('a crash of PostgreSQL'))(
  'A PostgreSQL that is stopped at once and comes back',
  () => {
    it(
      'loses nothing that was acknowledged, repeats nothing, and nobody is told a gap, although places jump',
      { timeout: 180_000 },
      async () => {
        const server = await startPostgres();
        onTestFinished(() => server.remove());
        const { url } = server;
        const options = { dispatchTimeoutMs: 2000 };
        const nodes = [await sqlNode({ url }, options), await sqlNode({ url }, options)] as const;
        const publishers = nodes.map((node, index) => new Publishing(node, `p${index}`));
        for (const each of publishers) await each.goesOn();
        // A number is drawn for more than one crash: one in 32 jumps by nothing.
        for (let crash = 0; crash < longOr(10, 3); crash++) {
          await server.crash();
          await pause(200);
          await server.start();
          for (const each of publishers) await each.goesOn();
        }
        await Promise.all(publishers.map((each) => each.stop()));
        for (const node of nodes) {
          await hasAll(node, publishers);
          expectNothingSilentlyLost(node, publishers);
          expect(node.gaps, 'nothing was lost').toEqual([]);
        }
        expect(nodes[0].ids, 'one order').toEqual(nodes[1].ids);
        const numbers = nodes[0].seen.map(({ position }) => Number(BigInt(position) >> 20n));
        const jumps = numbers.filter((number, index) => index > 0 && number - numbers[index - 1]! > 1);
        expect(jumps.length, 'places that are missing below those that are there').toBeGreaterThan(0);
      },
    );

    it(
      "under durability 'process' tells a gap where it lost what was acknowledged, and loses nothing else",
      { timeout: 180_000 },
      async () => {
        // What is acknowledged before its disk has it stays so for up to thirty seconds.
        const server = await startPostgres('wal_writer_delay=10s', 'autovacuum=off');
        onTestFinished(() => server.remove());
        const { url } = server;
        const options = { durability: 'process', dispatchTimeoutMs: 2000 } as const;
        const node = await sqlNode({ url }, options);
        const other = await sqlNode({ url }, options);
        const publisher = new Publishing(node, 'p');
        await publisher.goesOn(20);
        await server.query('CHECKPOINT');
        await publisher.goesOn(50);
        await server.crash();
        await server.start();
        await publisher.goesOn(20);
        for (const each of [node, other]) await each.until('a gap', () => each.gaps.length > 0);
        await publisher.goesOn(20);
        await publisher.stop();
        const last = publisher.acknowledged.at(-1)!;
        for (const each of [node, other]) {
          await each.until('the last one', () => each.ids.includes(last));
          expectNothingSilentlyLost(each, [publisher]);
          expect(each.gaps.length, 'told once').toBe(1);
        }
        const late = await sqlNode({ url }, options);
        const kept = await late.readAfter(await late.transport.earliest());
        const ids = new Set(kept.map(({ update: { id } }) => id));
        const lost = publisher.acknowledged.filter((id) => !ids.has(id));
        expect(lost.length, 'it did lose something').toBeGreaterThan(0);
        expect(late.transport.durability).toBe('process');
      },
    );
  },
);

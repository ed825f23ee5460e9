import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { canStartPostgres, startPostgres } from '../support/postgres-server.js';
import { expectNothingSilentlyLost, hasAll, Publishing } from './support/publishing.js';
import { sqlNode } from './support/sql-nodes.js';

async function clientOf(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

/** Another application's notifications, each a page of the queue, until it is so full. */
async function fillQueue(client: pg.Client, wanted: number): Promise<void> {
  for (let usage = 0; usage < wanted;) {
    await client.query(
      `SELECT pg_notify('other', rpad(n::text, 7900, 'x')) FROM generate_series(1, 4000) AS n`,
    );
    const { rows } = await client.query('SELECT pg_notification_queue_usage() AS usage');
    ({ usage } = rows[0] as { usage: number });
  }
}

describe.skipIf(!canStartPostgres('a full queue of notifications'))(
  'A queue of notifications that a stuck listener keeps from being emptied',
  () => {
    it(
      'harms no publisher and no delivery; it is warned, told by stats(), and over when the listener is',
      { timeout: 180_000 },
      async () => {
        const server = await startPostgres('fsync=off');
        onTestFinished(() => server.remove());
        await server.query('CREATE ROLE hub LOGIN');
        await server.query('GRANT CREATE ON SCHEMA public TO hub');
        const { href: url } = Object.assign(new URL(server.url), { username: 'hub' });
        const nodes = [await sqlNode({ url }), await sqlNode({ url })] as const;
        const publishers = nodes.map((node, index) => new Publishing(node, `p${index}`, 5));
        for (const each of publishers) await each.goesOn();
        expect(nodes.map(({ transport }) => transport.stats().queue)).toEqual([0, 0]);
        const stuck = await clientOf(server.url);
        await stuck.query('LISTEN other');
        await stuck.query('BEGIN');
        await stuck.query('SELECT 1');
        await fillQueue(await clientOf(server.url), 0.0101);
        const rung = nodes[0].transport.stats().rung;
        for (const each of publishers) await each.goesOn(50);
        for (const { transport, warnings } of nodes) {
          await expect.poll(() => transport.stats().queue, { timeout: 60_000 }).toBeGreaterThanOrEqual(0.01);
          expect(warnings.filter((warning) => warning.includes('queue of notifications is'))).toHaveLength(1);
        }
        expect(nodes[0].transport.stats().rung, 'it goes on ringing').toBeGreaterThan(rung);
        // 8 GB would take minutes; whoever notifies fails then as whoever may not.
        await server.query('REVOKE EXECUTE ON FUNCTION pg_notify(text, text) FROM PUBLIC');
        for (const each of publishers) await each.goesOn();
        await hasAll(nodes[1], publishers);
        const deaf = nodes[1].transport.stats().heard;
        for (const each of publishers) await each.goesOn(20);
        await hasAll(nodes[1], publishers);
        expect(nodes[1].transport.stats().heard, 'it looked').toBe(deaf);
        await server.query('GRANT EXECUTE ON FUNCTION pg_notify(text, text) TO PUBLIC');
        await stuck.query('ROLLBACK');
        for (const { transport } of nodes)
          await expect.poll(() => transport.stats().queue, { timeout: 60_000 }).toBeLessThan(0.01);
        const { heard } = nodes[1].transport.stats();
        for (const each of publishers) await each.goesOn();
        await expect.poll(() => nodes[1].transport.stats().heard, { timeout: 60_000 }).toBeGreaterThan(heard);
        await Promise.all(publishers.map((each) => each.stop()));
        for (const { refused } of publishers) expect(refused, 'none was refused').toEqual([]);
        for (const node of nodes) {
          await hasAll(node, publishers);
          expectNothingSilentlyLost(node, publishers);
          expect(node.gaps).toEqual([]);
          expect(node.warnings.length, 'told once').toBe(1);
        }
        expect(nodes[0].ids, 'one order').toEqual(nodes[1].ids);
      },
    );
  },
);

import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { update } from '../transport/typeorm/support/node.js';
import { POSTGRES_URL, postgresAnswers } from '../support/postgres.js';
import { canStartPgbouncer, startPgbouncer } from '../support/pgbouncer.js';
import { freePort } from '../support/redis.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { postgresStore } from '../transport/typeorm/support/stores.js';
import { expectNothingSilentlyLost, hasAll, Publishing } from './support/publishing.js';
import { pause } from './support/runs.js';
import { servers, sqlNode, storeOf } from './support/sql-nodes.js';

async function behindProxy(url: string): Promise<{ proxy: TcpProxy; url: string }> {
  const target = new URL(url);
  const proxy = await startTcpProxy({ port: Number(target.port || 5432), host: target.hostname });
  onTestFinished(() => proxy.close());
  target.host = `127.0.0.1:${proxy.port}`;
  return { proxy, url: target.href };
}

describe.each(await servers('a server that is away'))('A $name', ({ name, makeStore }) => {
  it('that is not there when the hub starts is a clear error, at once', async () => {
    const port = await freePort();
    const url = `${name === 'PostgreSQL' ? 'postgres' : 'mysql'}://u:hunter2@127.0.0.1:${port}/x`;
    await expect(sqlNode({ url })).rejects.toMatchObject({
      code: 'TRANSPORT_UNAVAILABLE',
      status: 503,
      message: expect.stringMatching(
        /^(?!.*hunter2).*ECONNREFUSED.*Start it, or correct its address/,
      ) as string,
    });
  });

  it.each([
    ['refuses connections', (proxy: TcpProxy) => proxy.refuse()],
    ['is silent', (proxy: TcpProxy) => proxy.blackhole()],
  ])(
    'that %s for a while: publications are 503 in time, nobody is told a gap, and everything stored comes when it is back',
    { timeout: 120_000 },
    async (_what, breakIt) => {
      const store = await storeOf(makeStore);
      const { proxy, url } = await behindProxy(store.url);
      const node = await sqlNode({ url }, { dispatchTimeoutMs: 1000 });
      const other = await sqlNode({ url: store.url });
      const [here, there] = [new Publishing(node, 'here'), new Publishing(other, 'there')];
      await here.goesOn();
      await there.goesOn();
      breakIt(proxy);
      const began = performance.now();
      await expect(node.transport.append([update('waits')])).rejects.toMatchObject({ status: 503 });
      expect(performance.now() - began, 'not for ever').toBeLessThan(20_000);
      await expect(node.transport.check(), 'readiness tells').rejects.toMatchObject({
        code: 'TRANSPORT_UNAVAILABLE',
      });
      await there.goesOn(50);
      await expect
        .poll(() => node.warnings.join(), { timeout: 20_000 })
        .toContain('The store of the updates is away');
      proxy.heal();
      await here.goesOn();
      await node.transport.check();
      await Promise.all([here.stop(), there.stop()]);
      for (const each of [node, other]) {
        await hasAll(each, [here, there]);
        expectNothingSilentlyLost(each, [here, there]);
        expect(each.gaps).toEqual([]);
      }
      expect(node.ids, 'one order').toEqual(other.ids);
    },
  );
});

const hasPgbouncer = await canStartPgbouncer('a log behind PgBouncer');
const hasPostgres = await postgresAnswers('the doorbell of PostgreSQL');

describe.skipIf(!hasPostgres)('The doorbell of PostgreSQL', () => {
  it('whose listener is terminated is hung again, and nothing is missed meanwhile', async () => {
    const { url } = await storeOf(postgresStore);
    const [node, other] = [await sqlNode({ url }), await sqlNode({ url })];
    expect([node.transport.stats().doorbell, node.transport.stats().lookMs]).toEqual(['heard', 500]);
    const publisher = new Publishing(other, 'p');
    await publisher.goesOn();
    await expect.poll(() => node.transport.stats().heard, { timeout: 20_000 }).toBeGreaterThan(0);
    const schema = new URL(url).searchParams.get('options')!.split('=')[1]!;
    const client = new pg.Client({ connectionString: POSTGRES_URL });
    await client.connect();
    onTestFinished(() => client.end());
    const ended = await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE query LIKE 'LISTEN mercure_%' OR query LIKE 'SELECT pg_notif%' AND pid <> pg_backend_pid()`,
    );
    expect(ended.rowCount, schema).toBeGreaterThan(0);
    await publisher.goesOn(30);
    await publisher.stop();
    for (const each of [node, other]) {
      await hasAll(each, [publisher]);
      expectNothingSilentlyLost(each, [publisher]);
      expect(each.gaps).toEqual([]);
    }
    await expect.poll(() => node.transport.stats().doorbell, { timeout: 20_000 }).toBe('heard');
    const { heard } = node.transport.stats();
    await other.transport.append([update('after')]);
    await expect.poll(() => node.transport.stats().heard, { timeout: 20_000 }).toBeGreaterThan(heard);
  });

  it.skipIf(!hasPgbouncer)(
    'behind PgBouncer in transaction mode does not hang: nodes look ten times a second, tell it, and miss nothing',
    { timeout: 120_000 },
    async () => {
      const pooler = await startPgbouncer();
      onTestFinished(() => pooler.stop());
      const prefix = `bouncer${process.pid}_${Math.trunc(Math.random() * 1e6)}_`;
      const { url } = pooler;
      const nodes = [await sqlNode({ url }, { prefix }), await sqlNode({ url }, { prefix })] as const;
      onTestFinished(async () => {
        const client = new pg.Client({ connectionString: POSTGRES_URL });
        await client.connect();
        for (const name of ['update', 'meta']) await client.query(`DROP TABLE "${prefix}${name}"`);
        await client.query(`DROP SEQUENCE "${prefix}position"`);
        await client.end();
      });
      for (const node of nodes) {
        expect(node.transport.stats()).toMatchObject({ doorbell: 'pooled', lookMs: 100 });
        expect(node.warnings.join()).toContain('behind a pooler');
      }
      const publishers = nodes.map((node, index) => new Publishing(node, `p${index}`));
      await pause(1500);
      await Promise.all(publishers.map((each) => each.stop()));
      for (const node of nodes) {
        await hasAll(node, publishers);
        expectNothingSilentlyLost(node, publishers);
        expect(node.gaps).toEqual([]);
      }
      expect(nodes[0].ids).toEqual(nodes[1].ids);
      expect(nodes[0].transport.stats().heard).toBe(0);
    },
  );
});

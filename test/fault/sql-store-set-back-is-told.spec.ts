import { copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Libsql from 'libsql';
import { DataSource } from 'typeorm';
import { describe, expect, it, onTestFinished } from 'vitest';
import { update, updates } from '../transport/typeorm/support/node.js';
import { sqliteStore } from '../transport/typeorm/support/stores.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { servers, type SqlNode, sqlNode, storeOf } from './support/sql-nodes.js';

/** What every node must have been told when five acknowledged updates are gone and their places are given out anew. */
async function expectTold(node: SqlNode, before: readonly string[]): Promise<void> {
  await node.until('a gap', () => node.gaps.length > 0);
  await node.transport.append([update('after')]);
  await node.until('what comes after it', () => node.ids.includes('after'));
  expect(node.gaps.length, 'told once').toBe(1);
  expect(node.ids.slice(0, node.gaps[0]!.after), 'in its place: nothing new was delivered before it').toEqual(
    before,
  );
  expect(await node.transport.locate(before.at(-1)!)).toMatchObject({ found: false });
}

describe.each(await servers('a store that is set back'))(
  'A $name that comes back without its newest',
  ({ name, makeStore }) => {
    it('rows, as after a failover, is told before anything else, though it gives out their places anew', async () => {
      const store = await storeOf(makeStore);
      const url = new URL(store.url);
      const proxy = await startTcpProxy({ port: Number(url.port), host: url.hostname });
      onTestFinished(() => proxy.close());
      url.host = `127.0.0.1:${proxy.port}`;
      const node = await sqlNode({ url: url.href });
      for (const each of updates('u', 10)) await node.transport.append([each]);
      await node.hasSeen(10);
      const operator = await new DataSource({
        type: name === 'PostgreSQL' ? 'postgres' : 'mariadb',
        url: store.url,
      }).initialize();
      onTestFinished(() => operator.destroy());
      // Nobody asks when it happens, so nobody is told that a connection was lost.
      proxy.cut();
      await operator.query(`DELETE FROM mercure_update WHERE id IN ('u5', 'u6', 'u7', 'u8', 'u9')`);
      await operator.query(
        name === 'PostgreSQL'
          ? `SELECT setval('mercure_position', (SELECT max(position) >> 20 FROM mercure_update))`
          : 'UPDATE mercure_position SET taken = (SELECT MAX(position) FROM mercure_update)',
      );
      await Promise.all(updates('w', 8).map((each) => node.transport.append([each]).catch(() => undefined)));
      await expectTold(
        node,
        updates('u', 10).map(({ id }) => id),
      );
    });
  },
);

describe('A SQLite file', () => {
  const pathOf = (url: string) => fileURLToPath(url.replace('sqlite:', 'file:'));
  /** Takes everything over from the log of writes into the file itself. */
  const checkpoint = (path: string): void => {
    const connection = new Libsql(path);
    connection.pragma('wal_checkpoint(TRUNCATE)');
    connection.close();
  };

  it('that is replaced by an older copy is noticed: nothing goes to the old one, and a gap is told', async () => {
    const { url } = await storeOf(sqliteStore);
    const path = pathOf(url);
    const first = await sqlNode({ url });
    await first.transport.append(updates('u', 5));
    await first.transport.close();
    checkpoint(path);
    copyFileSync(path, `${path}.older`);
    const node = await sqlNode({ url });
    await node.transport.append(updates('v', 5));
    await node.hasSeen(5);
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
    renameSync(`${path}.older`, path);
    await node.transport.append([update('w')]);
    await expectTold(
      node,
      updates('v', 5).map(({ id }) => id),
    );
    const page = await node.transport.read(await node.transport.earliest(), node.position);
    const kept = page!.updates.map(({ update: { id } }) => id);
    expect(kept, 'what is acknowledged is in the file of that name').toEqual([
      ...updates('u', 5).map(({ id }) => id),
      'w',
      'after',
    ]);
  });

  it('that was deleted begins anew, and a gap is told', async () => {
    const { url } = await storeOf(sqliteStore);
    const node = await sqlNode({ url });
    await node.transport.append(updates('u', 5));
    await node.hasSeen(5);
    for (const suffix of ['', '-wal', '-shm']) rmSync(pathOf(url) + suffix, { force: true });
    await node.transport.append([update('w')]);
    await expectTold(
      node,
      updates('u', 5).map(({ id }) => id),
    );
  });

  it('in which bits have flipped never gives a damaged update: whoever reads there is told that something is missing', async () => {
    const { url } = await storeOf(sqliteStore);
    const path = pathOf(url);
    const first = await sqlNode({ url });
    await first.transport.append(
      updates('u', 30).map((each) => ({ ...each, data: `before ${each.id}. after` })),
    );
    await first.transport.close();
    checkpoint(path);
    const bytes = readFileSync(path);
    const at = bytes.indexOf('before u20. after');
    expect(at, 'the row is in the file').toBeGreaterThan(0);
    bytes[at + 2]! ^= 0x01;
    writeFileSync(path, bytes);
    const node = await sqlNode({ url });
    const { position } = node;
    const page = await node.transport.read(await node.transport.earliest(), position);
    expect(
      page!.updates.map(({ update: { id } }) => id),
      'what comes before it is good',
    ).toEqual(updates('u', 20).map(({ id }) => id));
    expect(await node.transport.read(page!.end, position), 'and there something is missing').toBeUndefined();
    const later = await node.positionOf('u20');
    const rest = await node.transport.read(later, position);
    expect(rest!.updates, 'what comes after it can be read').toHaveLength(9);
  });
});

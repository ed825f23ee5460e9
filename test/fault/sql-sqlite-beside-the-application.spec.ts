import Libsql from 'libsql';
import { DataSource } from 'typeorm';
import { describe, expect, it, onTestFinished } from 'vitest';
import { update, updates } from '../transport/typeorm/support/node.js';
import { postgresStore, sqliteStore } from '../transport/typeorm/support/stores.js';
import { postgresAnswers } from '../support/postgres.js';
import { longOr, pause } from './support/runs.js';
import { sqlNode, storeOf } from './support/sql-nodes.js';

/** Counts turns of the event loop until it is told to stop. */
function turns(): () => number {
  let count = 0;
  const timer = setInterval(() => count++, 5);
  return () => {
    clearInterval(timer);
    return count;
  };
}

describe('A log in the SQLite file of the application', () => {
  it('never makes one of its transactions fail, nor is refused for them', { timeout: 120_000 }, async () => {
    const { options } = await storeOf(sqliteStore);
    const dataSource = await new DataSource({ ...options, enableWAL: true } as typeof options).initialize();
    onTestFinished(() => dataSource.destroy());
    await dataSource.query('CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT)');
    const node = await sqlNode({ dataSource });
    const running = new AbortController();
    const published: string[] = [];
    const publish = async (name: string): Promise<void> => {
      for (let number = 0; !running.signal.aborted; number++) {
        const id = `${name}-${number}`;
        await node.transport.append([update(id)]);
        published.push(id);
        await pause(1);
      }
    };
    const publishing = [publish('a'), publish('b'), publish('c')];
    const runs = longOr(500, 60);
    for (let run = 0; run < runs; run++) {
      // It reads first: what writes after a read fails where another connection has written in between.
      await dataSource.transaction(async (manager) => {
        await manager.query('SELECT count(*) FROM book');
        await pause(run % 5);
        await manager.query('INSERT INTO book (title) VALUES (?)', [`t${run}`]);
        await pause(run % 3);
        await manager.query('UPDATE book SET title = ? WHERE id = ?', [`u${run}`, run]);
      });
      if (run % 10 === 0) await pause(5);
    }
    running.abort();
    await Promise.all(publishing);
    const [{ count }] = (await dataSource.query('SELECT count(*) AS count FROM book')) as [{ count: number }];
    expect(count).toBe(runs);
    await node.hasSeen(published.length);
    expect(new Set(node.ids)).toEqual(new Set(published));
    expect(published.length).toBeGreaterThan(runs);
  });

  it.each([
    ['comes when it is over', 2000, 700],
    ['is 503 in time', 300, 1200],
  ])(
    'waits for another connection that writes without stopping the event loop, and %s',
    async (_what, dispatchTimeoutMs, heldMs) => {
      const { url } = await storeOf(sqliteStore);
      const node = await sqlNode({ url }, { dispatchTimeoutMs });
      const other = new Libsql(url.slice('sqlite://'.length));
      onTestFinished(() => void other.close());
      other.exec('BEGIN IMMEDIATE');
      const end = turns();
      const release = pause(heldMs).then(() => other.exec('COMMIT'));
      const appended = node.transport.append([update('a')]);
      if (heldMs < dispatchTimeoutMs) await appended;
      else await expect(appended).rejects.toMatchObject({ code: 'TRANSPORT_UNAVAILABLE', status: 503 });
      await release;
      // A driver that waits would have let none pass; a fifth of them is generous to machines that are shared.
      expect(end()).toBeGreaterThan(Math.min(heldMs, dispatchTimeoutMs) / 5 / 5);
      await node.transport.append([update('b')]);
      await node.until('b', () => node.ids.includes('b'));
    },
  );

  it('of a file that a hub has open, a second hub is told so, and the first goes on', async () => {
    const { url } = await storeOf(sqliteStore);
    const node = await sqlNode({ url });
    await expect(sqlNode({ url })).rejects.toMatchObject({
      code: 'TRANSPORT_UNAVAILABLE',
      message: expect.stringContaining('Another hub has this SQLite file open') as string,
    });
    await node.transport.append(updates('u', 3));
    await node.hasSeen(3);
  });
});

it.skipIf(!(await postgresAnswers('a pool of one connection')))(
  'An application whose pool has one connection publishes while it holds it',
  async () => {
    const { options } = await storeOf(postgresStore);
    const dataSource = await new DataSource({ ...options, poolSize: 1 } as typeof options).initialize();
    onTestFinished(() => dataSource.destroy());
    const node = await sqlNode({ dataSource });
    await dataSource.transaction(async (manager) => {
      await manager.query('SELECT 1');
      await Promise.all(updates('u', 20).map((each) => node.transport.append([each])));
      await node.hasSeen(20);
    });
    const cursor = await node.transport.locate('u3');
    expect(cursor.found).toBe(true);
  },
);

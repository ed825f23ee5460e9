import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DataSource } from 'typeorm';
import { random, seedOfRun } from '../../property/support/random.js';
import { HANG_GUARD_MS } from '../../support/byte-log.js';
import { bundleProcess, startProcess, type TypeScriptProcess } from '../../support/typescript-process.js';
import { answering, openDatabase, type TestDatabase } from '../databases.js';
import { Book, ENTITIES, TRIGGERED } from './entities.js';
import { migrate } from './trigger-app.js';

const there = await answering('test/broadcast/trigger/takeover');

describe.skipIf(!there.has('PostgreSQL'))(
  'two processes of which the one that leads is killed with -9',
  () => {
    let database: TestDatabase;
    let dataSource: DataSource;
    let schema: string;
    let program: string;
    const running: TypeScriptProcess[] = [];

    beforeAll(async () => {
      program = await bundleProcess('broadcast/trigger/follower.ts');
      database = await openDatabase('PostgreSQL', 'trigger_takeover', ENTITIES);
      ({ dataSource } = database);
      ({ schema } = dataSource.options as { schema: string });
    });
    afterAll(() => database?.drop());
    beforeEach(async () => {
      await database.empty();
      await migrate(dataSource, 'down', TRIGGERED);
      await migrate(dataSource, 'up', TRIGGERED);
    });
    afterEach(async () => {
      for (const each of running.splice(0)) await kill(each);
    });

    async function start(environment: Record<string, string> = {}): Promise<TypeScriptProcess> {
      const started = startProcess(program, { SCHEMA: schema, ...environment });
      running.push(started);
      await started.output.waitFor((text) => text.includes('started\n'));
      return started;
    }
    async function kill(process: TypeScriptProcess): Promise<void> {
      process.child.kill('SIGKILL');
      await process.ended;
    }
    const published = ({ output }: TypeScriptProcess) =>
      [...output.text.matchAll(/^published (\S+) (\S+)$/gm)].map(([, id, topic]) => `${id} ${topic}`);
    const waiting = async () => {
      const [{ count }] = await dataSource.query<[{ count: string }]>(
        `SELECT count(*) FROM ${schema}.mercure_changes`,
      );
      return Number(count);
    };
    const emptied = () => expect.poll(waiting, { timeout: HANG_GUARD_MS }).toBe(0);
    const write = (title: string) => dataSource.manager.insert(Book, { title });

    it('publish again what the hub may not have, under the same ids, and lose nothing', async () => {
      const first = await start({ STALL: 'fatal' });
      await first.output.waitFor((text) => text.includes('leading\n'));
      const second = await start();
      await write('a');
      await emptied();
      await dataSource.transaction(async (manager) => {
        await manager.insert(Book, { title: 'fatal' });
        await manager.query(`UPDATE ${schema}.book SET title = title || '!' WHERE title = 'a'`);
      });
      await first.output.waitFor((text) => text.includes('stalled\n'));
      await write('b');
      await kill(first);
      await emptied();
      // What it has said may still be on its way.
      await second.output.waitFor((text) => text.includes('/books/3\n'));
      const topics = (lines: string[]) => lines.map((line) => line.split('/books/')[1]);
      expect(topics(published(first))).toEqual(['1', '2', '1']);
      expect(topics(published(second))).toEqual(['2', '1', '3']);
      expect(published(second).slice(0, 2)).toEqual(published(first).slice(1));
    });

    it('publish once where the hub’s history is theirs together, killed at any moment', async () => {
      const seed = seedOfRun();
      console.log(`takeover SEED=${seed}`);
      const chance = random(seed);
      const environment = { TRANSPORT: 'log' };
      let [leader, other] = [await start(environment), await start(environment)];
      let written = 0;
      for (let kills = 0; kills < 6; kills++) {
        const writing = (async () => {
          for (let count = 0; count < 60; count++) await write(`${++written}`);
        })();
        // The one thing here that is a matter of time.
        await new Promise((resume) => setTimeout(resume, chance.below(250)));
        await kill(leader);
        [leader, other] = [other, await start(environment)];
        await writing;
      }
      await emptied();
      const log = await dataSource.query<{ topics: string; times: string }[]>(
        `SELECT topics::text, count(*) AS times FROM ${schema}.mercure_update GROUP BY topics::text`,
      );
      expect(
        log.filter(({ times }) => times !== '1'),
        `seed ${seed}`,
      ).toEqual([]);
      expect(log.length, `seed ${seed}`).toBe(written);
      await kill(other);
    });
  },
);

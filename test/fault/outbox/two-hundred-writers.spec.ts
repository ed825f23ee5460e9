import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BroadcastService, type MercureOptions } from '../../../src/index.js';
import { memory } from '../../../src/transport/memory-transport.js';
import { typeOrm } from '../../../src/transport/typeorm/type-orm.js';
import { unhung } from '../../support/byte-log.js';
import { createHubApp, type HubApp } from '../../support/hub-app.js';
import { postgresAnswers } from '../../support/postgres.js';
import { databaseAt, makeDatabase, type SharedDatabase } from './database.js';
import { Step } from './rows.js';

const postgres = await postgresAnswers('test/fault/outbox/two-hundred-writers');
const WRITERS = 200;
const COMMITS = 10;
/** Connections: the server's hundred are for other suites too. */
const POOL = 40;
const HANG_GUARD_MS = 240_000;

const inDatabase = () => typeOrm({ dataSource: DataSource, migrate: true });

/** The first is what the others are measured against. */
const WAYS: readonly (readonly [string, () => MercureOptions])[] = [
  ['without broadcasting', () => ({ transport: inDatabase(), broadcast: false })],
  ['delivery in memory', () => ({ transport: inDatabase() })],
  ['an outbox that is a log', () => ({ transport: inDatabase(), broadcast: { delivery: 'outbox' } })],
  [
    'an outbox with a relay',
    () => ({ transport: memory(), broadcast: { delivery: 'outbox', outbox: { migrate: true } } }),
  ],
];

describe.skipIf(!postgres)(`${WRITERS} writers that commit at the same time, on PostgreSQL`, () => {
  let database: SharedDatabase;
  let hub: HubApp | undefined;
  let baselineMs = 0;

  beforeEach(async () => {
    database = await makeDatabase('PostgreSQL', 'writers');
  });
  afterEach(async () => {
    await hub?.close();
    hub = undefined;
    await database?.drop();
  });

  it.each(WAYS)(
    'are each told once, in the order in which each of them committed: %s',
    { timeout: HANG_GUARD_MS },
    async (way, options) => {
      hub = await createHubApp({
        options: { publicUrl: 'https://example.com', ...options() },
        modules: [
          TypeOrmModule.forRoot({
            ...databaseAt(database.place),
            poolSize: POOL,
            synchronize: true,
          } as never),
        ],
      });
      const { app, service } = hub;
      const { manager } = app.get<DataSource>(getDataSourceToken());
      const titles: string[] = [];
      let fenced!: () => void;
      const fence = new Promise<void>((resolve) => (fenced = resolve));
      service.updates$.subscribe(({ data }) => {
        const { title } = JSON.parse(data) as { title?: string };
        if (title === undefined) fenced();
        else titles.push(title);
      });
      const write = async (name: string, commits: number): Promise<void> => {
        for (let count = 0; count < commits; count++) await manager.save(Step, { title: `${name}/${count}` });
      };
      const all = (kind: string, commits: number) =>
        Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(`${kind}${writer}`, commits)));
      await all('warm', 1);

      const start = performance.now();
      await all('', COMMITS);
      const ms = performance.now() - start;
      await app.get(BroadcastService).flush();
      await service.publish({ topic: 'https://example.com/fence', data: '{}' });
      await unhung(fence, 'the fence');
      const toldMs = performance.now() - start;

      expect(await manager.count(Step)).toBe(WRITERS * (COMMITS + 1));
      baselineMs ||= ms;
      const rate = Math.round((WRITERS * COMMITS) / (ms / 1000));
      const ratio = Math.round((100 * baselineMs) / ms);
      console.log(
        `${way}: ${rate} commits/s (${ratio} %), all told ${Math.round(toldMs - ms)} ms after the last`,
      );

      const told = titles.filter((title) => !title.startsWith('warm'));
      if (way === WAYS[0]![0]) return expect(told).toEqual([]);
      const counts = new Map<string, number[]>();
      for (const title of told) {
        const [writer, count] = title.split('/') as [string, string];
        counts.set(writer, [...(counts.get(writer) ?? []), Number(count)]);
      }
      expect(counts.size).toBe(WRITERS);
      const inOrder = Array.from({ length: COMMITS }, (_, count) => count);
      for (const [writer, each] of counts) expect(each, `of writer ${writer}`).toEqual(inOrder);
    },
  );
});

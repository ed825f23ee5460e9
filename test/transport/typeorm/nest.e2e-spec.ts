import { TypeOrmModule } from '@nestjs/typeorm';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { afterEach, describe, expect, it } from 'vitest';
import { typeOrm } from '../../../src/typeorm.js';
import { open } from '../../support/http-client.js';
import { createHubApp, type HubApp } from '../../support/hub-app.js';
import { postgresAnswers } from '../../support/postgres.js';
import { postgresStore, sqliteStore, type Store } from './support/stores.js';

const STORES = [
  { name: 'SQLite', makeStore: sqliteStore, answers: true },
  {
    name: 'PostgreSQL',
    makeStore: postgresStore,
    answers: await postgresAnswers('a hub whose log is in PostgreSQL'),
  },
];
const TOPIC = 'https://example.com/t';

describe.each(STORES)("a hub whose log lies in the application's $name", ({ makeStore, answers }) => {
  const endings: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const end of endings.splice(0).toReversed()) await end();
  });

  async function start({ options }: Store, token: string | typeof DataSource): Promise<HubApp> {
    const app = await createHubApp({
      options: { transport: typeOrm({ dataSource: token, migrate: true }) },
      modules: [TypeOrmModule.forRoot({ ...options, ...(typeof token === 'string' && { name: 'log' }) })],
    });
    endings.push(() => app.close());
    return app;
  }

  it.runIf(answers)(
    'finds its DataSource by the Nest token, and keeps the history over a restart',
    async () => {
      const store = await makeStore();
      endings.push(() => store.drop());
      const first = await start(store, DataSource);
      const ids = [randomUUID(), randomUUID(), randomUUID()].map((id) => `urn:uuid:${id}`);
      const live = await open(first.url, { query: { topic: TOPIC } });
      for (const id of ids) await first.service.publish({ id, topic: TOPIC, data: 'news' });
      await live.body.waitFor(ids[2]!);
      await first.close();
      const second = await start(store, 'logDataSource');
      const back = await open(second.url, { query: { topic: TOPIC }, headers: { 'Last-Event-ID': ids[0]! } });
      expect(back.headers['last-event-id']).toBe(ids[0]);
      const text = await back.body.waitFor(ids[2]!);
      expect([...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id)).toEqual(ids.slice(1));
      back.abort();
    },
  );

  it.runIf(answers)('refuses to start by a token that provides no DataSource, naming it', async () => {
    const store = await makeStore();
    endings.push(() => store.drop());
    await expect(
      createHubApp({
        options: { transport: typeOrm({ dataSource: 'nobody' }) },
        modules: [TypeOrmModule.forRoot(store.options)],
      }),
    ).rejects.toThrow(/"transport": "nobody" provides no DataSource/);
  });
});

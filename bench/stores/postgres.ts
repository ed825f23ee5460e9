import pg from 'pg';
import type { Engine } from './engine.js';
import { prefixOf, withPrefix } from './prefix.js';

export const POSTGRES_URL = process.env['POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test';

export const postgres: Engine = {
  title: 'PostgreSQL',
  place: 'POSTGRES_URL',
  url: (hub) => withPrefix(POSTGRES_URL, hub),
  answer: () => withClient(async (client) => void (await client.query('SELECT 1'))),
  unsynced: () =>
    withClient(async (client) => {
      for (const name of ['fsync', 'synchronous_commit']) {
        const { rows } = await client.query<Record<string, string>>(`SHOW ${name}`);
        if (rows[0]![name] === 'off') return `its ${name} is off`;
      }
      return undefined;
    }),
  clear: (hub) =>
    withClient(async (client) => {
      const found = `SELECT format('DROP %s IF EXISTS %s CASCADE', CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, oid::regclass)
        AS statement FROM pg_class WHERE relkind IN ('r', 'S') AND starts_with(relname, $1)`;
      const { rows } = await client.query<{ statement: string }>(found, [prefixOf(hub)]);
      for (const { statement } of rows) await client.query(statement);
    }),
};

async function withClient<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: POSTGRES_URL, connectionTimeoutMillis: 5000 });
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end();
  }
}

const { env } = process;

/** Where all nodes keep the updates: `postgres://…`, `mysql://…` or `redis://…`. An SQLite file is one node's. */
export const storeUrl = storeFrom(env['STORE_URL'] || 'redis://localhost:6379');

export const port = Number(env['PORT'] || 3001);

/** Every node as browsers reach it. The page goes from one to the next. */
export const nodes = (env['NODES'] || 'http://localhost:3001,http://localhost:3002')
  .split(',')
  .map((node) => new URL(node).origin);

function storeFrom(url: string): string {
  if (/^(?:postgres|postgresql|mysql|mariadb|rediss?):\/\//.test(url)) return url;
  console.error(
    'STORE_URL names no store that nodes can share: give a postgres://, mysql:// or redis:// URL.',
  );
  return process.exit(1);
}

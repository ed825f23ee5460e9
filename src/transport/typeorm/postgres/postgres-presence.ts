import type { PresenceDialect } from '../sql-presence.js';
import type { PostgresNames } from './postgres-schema.js';

export function presenceDialect({ node, subscriber }: PostgresNames): PresenceDialect {
  return {
    node,
    subscriber,
    clock: '(extract(epoch FROM clock_timestamp()) * 1000)::bigint',
    bind: (sql) => {
      let nth = 0;
      return sql.replaceAll('?', () => `$${++nth}`);
    },
    asValue: (text) => text,
    isOneOf: (column) => `${column} = ANY(?::text[])`,
    orLeave: (key) => `ON CONFLICT (${key}) DO NOTHING`,
    orReplace: (key, column) => `ON CONFLICT (${key}) DO UPDATE SET ${column} = excluded.${column}`,
  };
}

import type { PresenceDialect } from '../sql-presence.js';
import type { MysqlNames } from './mysql-schema.js';
import { CLOCK } from './mysql-statements.js';

export function presenceDialect({ node, subscriber }: MysqlNames): PresenceDialect {
  return {
    node,
    subscriber,
    clock: CLOCK,
    bind: (sql) => sql,
    asValue: (text) => Buffer.from(text),
    isOneOf: (column) => `${column} IN (?)`,
    orLeave: (key) => `ON DUPLICATE KEY UPDATE ${key} = ${key}`,
    orReplace: (_key, column) => `ON DUPLICATE KEY UPDATE ${column} = VALUES(${column})`,
  };
}

import { createHash } from 'node:crypto';
import type { Redis as RedisClient } from 'ioredis';
import { LOCATE, READ } from '../../../src/transport/redis/lua/read.js';
import type { HubSettings } from './hub.js';

/** What of the history a store was asked for. */
export interface Statements {
  /** Where ids stand. */
  lookUps: number;
  /** Pages, the tail's among them where it reads the same way. */
  pages: number;
}

let counts: Statements = { lookUps: 0, pages: 0 };

/** What a store is asked from now on is counted where its driver sends it. */
export async function countStatements({ typeOrm, redis }: HubSettings['transport']): Promise<void> {
  if (redis) await countRedis();
  else if (typeOrm?.url?.startsWith('postgres')) await countPostgres();
  else if (typeOrm) await countSqlite();
}

export function statements(): Statements {
  return counts;
}

export function resetStatements(): void {
  counts = { lookUps: 0, pages: 0 };
}

function count(sql: string): void {
  if (/min\(position\)/.test(sql)) counts.lookUps++;
  else if (/position > .* ORDER BY position/s.test(sql)) counts.pages++;
}

async function countPostgres(): Promise<void> {
  const { default: pg } = await import('pg');
  const prototype = pg.Client.prototype as unknown as { query: (...args: unknown[]) => unknown };
  const { query } = prototype;
  prototype.query = function (...args) {
    const [asked] = args as [string | { readonly text: string }];
    count(typeof asked === 'string' ? asked : asked.text);
    return query.apply(this, args);
  };
}

async function countSqlite(): Promise<void> {
  const { default: Database } = await import('libsql');
  interface Statement {
    iterate: (...args: unknown[]) => unknown;
  }
  const prototype = Database.prototype as unknown as { prepare: (sql: string) => Statement };
  const { prepare } = prototype;
  prototype.prepare = function (sql) {
    const statement = prepare.call(this, sql);
    const { iterate } = statement;
    // `all` is made of it.
    statement.iterate = (...args) => {
      count(sql);
      return iterate.apply(statement, args);
    };
    return statement;
  };
}

function digest(script: string): string {
  return createHash('sha1').update(script).digest('hex');
}

async function countRedis(): Promise<void> {
  const { Redis } = await import('ioredis');
  const prototype = Redis.prototype as unknown as { sendCommand: RedisClient['sendCommand'] };
  const { sendCommand } = prototype;
  prototype.sendCommand = function (this: RedisClient, command, ...rest) {
    const [script] = command.args;
    if (command.name === 'evalsha' && script === digest(LOCATE)) counts.lookUps++;
    if (command.name === 'evalsha' && script === digest(READ)) counts.pages++;
    return sendCommand.call(this, command, ...rest);
  };
}

import type { EntityTarget, ObjectLiteral, QueryRunner } from 'typeorm';
import type { BroadcastTarget } from '../broadcast.service.js';
import { dataSourceOf } from '../data-source-of.js';
import { columnsOf } from './find-triggers.js';
import {
  createQueue,
  createTriggers,
  dropTriggers,
  type Query,
  type QueueTable,
  queueTable,
  triggerNames,
} from './trigger-sql.js';
import { type WatchedTable, watchedTables } from './watched-table.js';

/** The query runner of a migration, as far as it is used: TypeORM is an optional peer, also of the package's types. */
export interface MigrationRunner {
  query(sql: string, parameters?: unknown[]): Promise<unknown>;
}

export interface PostgresTriggerOptions {
  /** Begins the names of what is made; the module's `broadcast.outbox.prefix`. Default `mercure_`. */
  readonly prefix?: string;
}

/**
 * Makes the triggers of entities that are told `by: 'trigger'`, in a migration of the application:
 *
 * ```ts
 * export class TellBooks1700000000000 implements MigrationInterface {
 *   private readonly triggers = new PostgresTriggerBroadcast([Book, Author]);
 *
 *   up(runner: QueryRunner): Promise<void> {
 *     return this.triggers.up(runner);
 *   }
 *
 *   down(runner: QueryRunner): Promise<void> {
 *     return this.triggers.down(runner);
 *   }
 * }
 * ```
 *
 * They write which rows changed to a table, `mercure_changes`; nothing else. What they may take of a row is a list of
 * its columns, in which those of `select: false` are not: a migration that changes the columns ends with `up()`.
 */
export class PostgresTriggerBroadcast {
  readonly #entities: readonly BroadcastTarget<object>[];
  readonly #prefix: string;

  /** @param entities of the DataSource whose migration it is: classes, schemas or names */
  constructor(
    entities: readonly BroadcastTarget<object>[],
    { prefix = 'mercure_' }: PostgresTriggerOptions = {},
  ) {
    this.#entities = entities;
    this.#prefix = prefix;
  }

  /**
   * Makes the queue, where it is not there, and the triggers of the entities and their junction tables, anew where they
   * are. It takes each table's lock against writes until the migration is committed.
   *
   * @throws what the database throws
   */
  async up(runner: MigrationRunner): Promise<void> {
    const query: Query = (sql, parameters) => runner.query(sql, parameters);
    const queue = await this.#queue(runner, query);
    for (const statement of createQueue(queue)) await query(statement);
    for (const table of this.#tables(runner)) {
      const columns = await columnsOf(query, table);
      for (const statement of createTriggers(columns, queue)) await query(statement);
    }
  }

  /**
   * Drops the triggers of the entities, and with the last trigger that writes there the queue, with what waits in it.
   *
   * @throws what the database throws
   */
  async down(runner: MigrationRunner): Promise<void> {
    const query: Query = (sql, parameters) => runner.query(sql, parameters);
    const queue = await this.#queue(runner, query);
    for (const table of this.#tables(runner)) {
      for (const statement of dropTriggers(table, queue)) await query(statement);
    }
    const [others] = (await query(
      'SELECT count(*) AS count FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid ' +
        'WHERE t.tgname = $1 AND position($2 IN p.prosrc) > 0',
      [triggerNames(queue).row, queue.path],
    )) as [{ count: string }];
    if (Number(others.count) === 0) await query(`DROP TABLE IF EXISTS ${queue.path}`);
  }

  #queue(runner: MigrationRunner, query: Query): Promise<QueueTable> {
    const { options } = dataSourceOf(runner as QueryRunner);
    return queueTable(query, 'schema' in options ? options.schema : undefined, this.#prefix);
  }

  #tables(runner: MigrationRunner): WatchedTable[] {
    const dataSource = dataSourceOf(runner as QueryRunner);
    const tables = this.#entities.flatMap((entity) =>
      watchedTables(dataSource.getMetadata(entity as EntityTarget<ObjectLiteral>)),
    );
    return [...new Map(tables.map((table) => [table.source, table])).values()];
  }
}

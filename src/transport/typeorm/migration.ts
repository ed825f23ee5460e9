import type { MigrationInterface, QueryRunner } from 'typeorm';
import { engineOf } from './address.js';
import * as mysql from './mysql/mysql-schema.js';
import * as postgres from './postgres/postgres-schema.js';
import * as sqlite from './sqlite/sqlite-schema.js';

/** How one engine's tables are made and dropped. */
interface Statements {
  readonly meta: string;
  readonly create: readonly string[];
  readonly drop: readonly string[];
}

/**
 * Makes the tables of the transport, for a DataSource that has migrations (`migrations: [MercureTables1764201600000, …]`)
 * and a transport with `migrate: false`. Tables that are there already stay as they are. For another prefix:
 *
 * ```ts
 * class NewsTables1764201600001 extends MercureTables1764201600000 {
 *   override readonly prefix = 'news_';
 * }
 * ```
 */
export class MercureTables1764201600000 implements MigrationInterface {
  /** As the transport has it. */
  readonly prefix: string = 'mercure_';

  async up(runner: QueryRunner): Promise<void> {
    const { meta, create } = await statementsOf(runner, this.prefix);
    if (await runner.hasTable(meta)) return;
    for (const statement of create) await runner.query(statement);
  }

  /** Drops the tables, and with them every update. */
  async down(runner: QueryRunner): Promise<void> {
    const { drop } = await statementsOf(runner, this.prefix);
    for (const statement of drop) await runner.query(statement);
  }
}

async function statementsOf(runner: QueryRunner, prefix: string): Promise<Statements> {
  // TypeORM 0.3 has the one, and 1.x deprecates it.
  const { options } =
    runner.dataSource ?? (runner as unknown as { connection: QueryRunner['dataSource'] }).connection;
  const engine = engineOf(options);
  if (engine === 'sqlite') {
    const names = sqlite.sqliteNames(prefix);
    return { meta: names.meta, create: sqlite.createTables(names), drop: sqlite.dropTables(names) };
  }
  if (engine === 'mysql') {
    const [{ name }] = (await runner.query('SELECT DATABASE() AS name')) as [{ name: string }];
    const names = mysql.mysqlNames(name, prefix);
    return { meta: `${prefix}meta`, create: mysql.createTables(names), drop: mysql.dropTables(names) };
  }
  const { schema } = options as { schema?: string };
  const [{ name }] = (await runner.query('SELECT current_schema() AS name')) as [{ name: string }];
  const names = postgres.postgresNames(schema ?? name, prefix);
  return {
    meta: `${names.schema}.${prefix}meta`,
    create: postgres.createTables(names),
    drop: postgres.dropTables(names),
  };
}

import type { EntityMetadata } from 'typeorm';
import { invalidBroadcast } from '../invalid-broadcast.js';
import {
  functionBody,
  type Query,
  type QueueTable,
  type TableColumns,
  tablePath,
  triggerNames,
} from './trigger-sql.js';
import { type WatchedTable, watchedTables } from './watched-table.js';

/** In which there is `xid8`. */
const MIN_VERSION = 13;

/** Which columns a table has in the database; none where it is not there. */
export async function columnsOf(query: Query, table: WatchedTable): Promise<TableColumns> {
  const found = (await query(
    'SELECT attname AS name FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped',
    [tablePath(table)],
  )) as { name: string }[];
  return { table, there: new Set(found.map(({ name }) => name)) };
}

/**
 * Checks that the triggers of an entity are there, write to the queue, and take the columns that the entity has.
 *
 * @throws MercureError BROADCAST_INVALID
 */
export async function findTriggers(query: Query, metadata: EntityMetadata, queue: QueueTable): Promise<void> {
  const remedy = `Run new PostgresTriggerBroadcast([${metadata.name}]).up(queryRunner) in a migration.`;
  const refuse = (fault: string, otherwise = remedy): never => {
    throw invalidBroadcast(metadata, fault, otherwise);
  };
  const [server] = (await query("SELECT current_setting('server_version_num') AS version")) as [
    { version: string },
  ];
  if (Number(server.version) < MIN_VERSION * 10_000) {
    refuse(`by "trigger" needs PostgreSQL ${MIN_VERSION}`, 'Use the events of TypeORM.');
  }
  const [table] = (await query('SELECT to_regclass($1) AS there', [queue.path])) as [{ there: unknown }];
  if (table.there === null) refuse(`by "trigger", and there is no table ${queue.path}`);
  const [{ role, may }] = (await query(
    "SELECT quote_ident(current_user) AS role, has_table_privilege($1, 'SELECT') " +
      "AND has_table_privilege($1, 'DELETE') AS may",
    [queue.path],
  )) as [{ role: string; may: boolean }];
  if (!may) {
    refuse(
      `by "trigger", and the application's role may not read and empty ${queue.path}`,
      `Let its owner run GRANT SELECT, DELETE ON ${queue.path} TO ${role}.`,
    );
  }
  const { row, truncate } = triggerNames(queue);
  for (const watched of watchedTables(metadata)) {
    const path = tablePath(watched);
    const found = (await query(
      "SELECT t.tgname AS name, t.tgenabled <> 'D' AS enabled, p.prosrc AS body FROM pg_trigger t " +
        'JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgrelid = to_regclass($1) AND t.tgname IN ($2, $3)',
      [path, row, truncate],
    )) as { name: string; enabled: boolean; body: string }[];
    if (found.length < 2) refuse(`by "trigger", and the table ${path} has none`);
    if (found.some(({ enabled }) => !enabled))
      refuse(`by "trigger", and those of the table ${path} are disabled`);
    const body = functionBody(await columnsOf(query, watched), queue);
    if (found.some((each) => each.body !== body)) {
      refuse(`by "trigger", and those of the table ${path} are of other columns, or of another version`);
    }
  }
}

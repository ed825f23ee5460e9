import { createHash } from 'node:crypto';
import { checkSchemaVersion } from '../schema-version.js';
import { invalidTransport, StoreFault, unavailableAtStart } from '../store-fault.js';
import type { Query } from '../line.js';
import type { PostgresLine } from './postgres-line.js';
import { createTables, type PostgresNames, postgresNames, SCHEMA_VERSION } from './postgres-schema.js';
import { TABLES_SPACE, WRITERS_SPACE, type WritersLock } from './postgres-statements.js';

/** Materialized steps of a statement. */
const OLDEST_SERVER = 120_000;

export interface OpenPostgresOptions {
  readonly prefix: string;
  readonly schema: string | undefined;
  readonly migrate: boolean;
}

export interface OpenedPostgres {
  readonly names: PostgresNames;
  readonly lock: WritersLock;
}

/**
 * Checks the server and the tables, and makes these where they are to be made.
 *
 * @throws MercureError TRANSPORT_INVALID, TRANSPORT_UNAVAILABLE
 */
export async function openPostgres(
  line: PostgresLine,
  { prefix, schema, migrate }: OpenPostgresOptions,
): Promise<OpenedPostgres> {
  const [row] = await line.query(
    `SELECT current_setting('server_version_num')::int, pg_is_in_recovery(), current_schema()`,
  );
  const [version, isStandby, ownSchema] = row as [number, boolean, string | null];
  if (version < OLDEST_SERVER) {
    throw invalidTransport(
      `PostgreSQL ${Math.floor(version / 10_000)} is too old for the typeorm transport`,
      'Use version 12 or newer.',
    );
  }
  if (isStandby) {
    throw unavailableAtStart('PostgreSQL is a standby, which takes no updates', 'Name its primary.');
  }
  const place = schema ?? ownSchema;
  if (!place) {
    throw invalidTransport('PostgreSQL has no schema to make tables in', 'Set "schema" of the DataSource.');
  }
  const names = postgresNames(place, prefix);
  const number = numberOf(names.schema, prefix);
  await checkTables(line, names, number, migrate);
  return { names, lock: [WRITERS_SPACE, number] };
}

/** Stands for one log of a database in its locks and in the name of its channel. */
export function numberOf(schema: string, prefix: string): number {
  return createHash('sha256').update(`${schema}\0${prefix}`).digest().readUInt32BE() >>> 1;
}

async function checkTables(
  line: PostgresLine,
  names: PostgresNames,
  number: number,
  migrate: boolean,
): Promise<void> {
  const ask: Query = (text, values) => line.query(text, values);
  let version = await versionOf(ask, names);
  if (version === undefined && migrate) {
    await line.transaction(async (query) => {
      // Several nodes may start at the same time.
      await query(`SELECT pg_advisory_xact_lock(${TABLES_SPACE}, ${number})`);
      if ((await versionOf(query, names)) !== undefined) return;
      for (const statement of createTables(names)) await query(statement);
    });
    version = await versionOf(ask, names);
  }
  checkSchemaVersion(version, SCHEMA_VERSION, names.meta);
}

async function versionOf(query: Query, { schema, prefix, meta }: PostgresNames): Promise<number | undefined> {
  // As rows: a name that was looked up in vain is remembered for as long as a transaction waits for its lock.
  const there = await query('SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = $2', [
    schema,
    `${prefix}meta`,
  ]);
  if (there.length === 0) return undefined;
  const [row] = await query(`SELECT version FROM ${meta}`);
  if (!row) throw new StoreFault('away', 'its table of settings is empty');
  return row[0] as number;
}

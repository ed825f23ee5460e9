import { createHash } from 'node:crypto';
import type { WatchedTable } from './watched-table.js';

/** A statement's way to the database. */
export type Query = (sql: string, parameters?: unknown[]) => Promise<unknown>;

/** Where triggers write. */
export interface QueueTable {
  /** Begins the names of the table, the functions and the triggers. */
  readonly prefix: string;
  readonly schema: string;
  /** As statements spell it, schema included. */
  readonly path: string;
}

/** What of a table is watched, as it is there now. */
export interface TableColumns {
  readonly table: WatchedTable;
  /** The table's columns, in the database. */
  readonly there: ReadonlySet<string>;
}

/** PostgreSQL cuts longer names. */
const MAX_NAME_BYTES = 63;
/** A function takes a hundred arguments, which are names and values. */
const MEMBERS_PER_OBJECT = 50;

/** @param schema of the DataSource; default: where its search path makes tables */
export async function queueTable(
  query: Query,
  schema: string | undefined,
  prefix: string,
): Promise<QueueTable> {
  const [found] = (await query('SELECT current_schema() AS name')) as [{ name: string }];
  const name = schema ?? found.name;
  return { prefix, schema: name, path: `${quote(name)}.${quote(`${prefix}changes`)}` };
}

/**
 * The queue. A position is given before the commit, so that positions are no order of commits; but all those of a
 * transaction are given before it is over, and its rows are seen together.
 */
export function createQueue({ path }: QueueTable): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${path} (
      position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
      source text NOT NULL,
      operation text NOT NULL,
      key jsonb,
      image jsonb,
      originator text DEFAULT nullif(current_setting('mercure.originator', true), ''),
      written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      UNIQUE (xid, position))`,
  ];
}

/** Makes the triggers of a table, or makes them anew. */
export function createTriggers(columns: TableColumns, queue: QueueTable): readonly string[] {
  const { table } = columns;
  const { row, truncate } = triggerNames(queue);
  const path = tablePath(table);
  const name = functionPath(table, queue);
  return [
    // Whoever may write the table need not be granted the queue, and what else he can name must not be run for him.
    `CREATE OR REPLACE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER ` +
      `SET search_path = pg_catalog, pg_temp AS ${quoteText(functionBody(columns, queue))}`,
    `REVOKE ALL ON FUNCTION ${name}() FROM PUBLIC`,
    `DROP TRIGGER IF EXISTS ${quote(row)} ON ${path}`,
    `DROP TRIGGER IF EXISTS ${quote(truncate)} ON ${path}`,
    `CREATE TRIGGER ${quote(row)} AFTER INSERT OR UPDATE OR DELETE ON ${path} ` +
      `FOR EACH ROW EXECUTE FUNCTION ${name}()`,
    `CREATE TRIGGER ${quote(truncate)} AFTER TRUNCATE ON ${path} ` +
      `FOR EACH STATEMENT EXECUTE FUNCTION ${name}()`,
  ];
}

export function dropTriggers(table: WatchedTable, queue: QueueTable): readonly string[] {
  const { row, truncate } = triggerNames(queue);
  return [
    `DROP TRIGGER IF EXISTS ${quote(row)} ON ${tablePath(table)}`,
    `DROP TRIGGER IF EXISTS ${quote(truncate)} ON ${tablePath(table)}`,
    `DROP FUNCTION IF EXISTS ${functionPath(table, queue)}()`,
  ];
}

export function triggerNames({ prefix }: QueueTable): { readonly row: string; readonly truncate: string } {
  return { row: `${prefix}row`, truncate: `${prefix}truncate` };
}

/** A table's name as statements spell it. */
export function tablePath({ schema, name }: Pick<WatchedTable, 'schema' | 'name'>): string {
  return [...(schema === undefined ? [] : [schema]), name].map(quote).join('.');
}

/**
 * What a trigger does: it writes down which row changed, and of one that was there what followers may have seen of it.
 * It names every column it takes, and takes it from the row as JSON: one that is dropped later is missing then, and fails
 * nobody's write.
 */
export function functionBody({ table, there }: TableColumns, { path }: QueueTable): string {
  const { key, visible, discriminator, source } = table;
  const isThere = (column: string): boolean => there.has(column);
  const seen = visible.filter(isThere);
  const born = discriminator === undefined ? [] : [...key, discriminator].filter(isThere);
  const write = (operation: string, key: string, image: string): string =>
    `INSERT INTO ${path} (source, operation, key, image) ` +
    `VALUES (${quoteText(source)}, ${quoteText(operation)}, ${key}, ${image});`;
  return `
DECLARE
  was_row jsonb; was_key jsonb; was jsonb;
  now_row jsonb; now_key jsonb; now jsonb;
BEGIN
  IF current_setting('mercure.suppress', true) = 'on' THEN RETURN NULL; END IF;
  IF TG_OP = 'TRUNCATE' THEN
    ${write('truncate', 'NULL', 'NULL')}
    RETURN NULL;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    was_row := to_jsonb(OLD);
    was_key := ${pick('was_row', key)};
    was := ${pick('was_row', seen)};
  END IF;
  IF TG_OP <> 'DELETE' THEN
    now_row := to_jsonb(NEW);
    now_key := ${pick('now_row', key)};
  END IF;
  IF was_key = now_key THEN
    now := ${pick('now_row', seen)};
    IF was IS DISTINCT FROM now THEN
      ${write('update', 'now_key', 'was')}
    END IF;
    RETURN NULL;
  END IF;
  -- A row that is given another key is the end of one and the beginning of another.
  IF TG_OP <> 'INSERT' THEN
    ${write('delete', 'was_key', 'was')}
  END IF;
  IF TG_OP <> 'DELETE' THEN
    ${write('insert', 'now_key', pick('now_row', born))}
  END IF;
  RETURN NULL;
END
`;
}

function pick(row: string, columns: readonly string[]): string {
  const objects: string[] = [];
  for (let start = 0; start < columns.length; start += MEMBERS_PER_OBJECT) {
    const some = columns.slice(start, start + MEMBERS_PER_OBJECT).map(quoteText);
    objects.push(`jsonb_build_object(${some.map((name) => `${name}, ${row} -> ${name}`).join(', ')})`);
  }
  return objects.length === 0 ? 'NULL' : objects.join(' || ');
}

/** One for each table, beside the queue. */
function functionPath(table: WatchedTable, { schema, prefix }: QueueTable): string {
  const name = `${prefix}${table.source.replaceAll('.', '_')}`;
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return `${quote(schema)}.${quote(name)}`;
  const digest = createHash('sha256').update(table.source).digest('hex').slice(0, 32);
  return `${quote(schema)}.${quote(`${prefix}${digest}`)}`;
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** As text, whatever `standard_conforming_strings` says. */
function quoteText(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

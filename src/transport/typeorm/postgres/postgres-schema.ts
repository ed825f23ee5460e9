/** Of the tables below. */
export const SCHEMA_VERSION = 1;

/** Names of one log, quoted and with their schema. */
export interface PostgresNames {
  readonly schema: string;
  readonly prefix: string;
  readonly update: string;
  readonly position: string;
  readonly meta: string;
  /** Which ids were stored lately, each with a digest of what. */
  readonly once: string;
  /** The newest update of each topic. */
  readonly retained: string;
  /** The nodes of the hub, each with its lease, and their subscriptions. */
  readonly node: string;
  readonly subscriber: string;
}

export function postgresNames(schema: string, prefix: string): PostgresNames {
  const name = (table: string): string => `${quoted(schema)}.${quoted(prefix + table)}`;
  return {
    schema,
    prefix,
    update: name('update'),
    position: name('position'),
    meta: name('meta'),
    once: name('once'),
    retained: name('retained'),
    node: name('node'),
    subscriber: name('subscriber'),
  };
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * The tables of a log. A place is the number of the statement that wrote it, times 2^20, and the entry's own number in
 * it: what one statement writes lies together, however many write at the same time.
 */
export function createTables({
  prefix,
  update,
  position,
  meta,
  once,
  retained,
  node,
  subscriber,
}: PostgresNames): string[] {
  return [
    `CREATE TABLE ${update} (
      position bigint PRIMARY KEY,
      id text COLLATE "C" NOT NULL,
      topics text NOT NULL,
      private boolean NOT NULL,
      type text,
      retry bigint,
      presence boolean NOT NULL,
      bytes integer NOT NULL,
      published_at bigint NOT NULL,
      data bytea NOT NULL
    )`,
    `CREATE INDEX ${quoted(`${prefix}update_id`)} ON ${update} (id)`,
    `CREATE INDEX ${quoted(`${prefix}update_presence`)} ON ${update} (position) WHERE presence`,
    `CREATE SEQUENCE ${position} AS bigint CACHE 1`,
    `CREATE TABLE ${once} (id text COLLATE "C" PRIMARY KEY, digest text NOT NULL, stored_at bigint NOT NULL)`,
    `CREATE INDEX ${quoted(`${prefix}once_stored_at`)} ON ${once} (stored_at)`,
    `CREATE TABLE ${retained} (topic_key text COLLATE "C" PRIMARY KEY, position bigint NOT NULL, body text NOT NULL)`,
    `CREATE INDEX ${quoted(`${prefix}retained_position`)} ON ${retained} (position)`,
    // What a crash of the server takes away nodes write again, so that nothing waits for a disk.
    `CREATE UNLOGGED TABLE ${node} (name text COLLATE "C" PRIMARY KEY, ends_at bigint NOT NULL)`,
    `CREATE UNLOGGED TABLE ${subscriber} (
      node text COLLATE "C" NOT NULL,
      id_key text COLLATE "C" NOT NULL,
      id text NOT NULL,
      body text NOT NULL,
      PRIMARY KEY (node, id_key)
    )`,
    `CREATE TABLE ${meta} (
      single smallint PRIMARY KEY CHECK (single = 1),
      version integer NOT NULL,
      epoch text NOT NULL,
      trimmed bigint NOT NULL DEFAULT 0,
      trimmed_id text,
      trimmed_private boolean,
      presence_trimmed bigint NOT NULL DEFAULT 0,
      presence_trimmed_id text,
      presence_trimmed_private boolean,
      retained bigint,
      probe bigint NOT NULL DEFAULT 0
    )`,
    `INSERT INTO ${meta} (single, version, epoch) VALUES (1, ${SCHEMA_VERSION}, gen_random_uuid()::text)`,
  ];
}

export function dropTables({
  update,
  position,
  meta,
  once,
  retained,
  node,
  subscriber,
}: PostgresNames): string[] {
  return [
    `DROP TABLE IF EXISTS ${update}`,
    `DROP TABLE IF EXISTS ${once}`,
    `DROP TABLE IF EXISTS ${retained}`,
    `DROP TABLE IF EXISTS ${node}`,
    `DROP TABLE IF EXISTS ${subscriber}`,
    `DROP TABLE IF EXISTS ${meta}`,
    `DROP SEQUENCE IF EXISTS ${position}`,
  ];
}

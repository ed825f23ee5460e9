import { randomUUID } from 'node:crypto';

/** Of the tables below. */
export const SCHEMA_VERSION = 1;

/** Names of one log's tables. Prefixes are plain words. */
export interface SqliteNames {
  readonly update: string;
  readonly meta: string;
  /** Which ids were stored lately, each with a digest of what. */
  readonly once: string;
  /** The newest update of each topic. */
  readonly retained: string;
}

export function sqliteNames(prefix: string): SqliteNames {
  return {
    update: `${prefix}update`,
    meta: `${prefix}meta`,
    once: `${prefix}once`,
    retained: `${prefix}retained`,
  };
}

/** The tables of a log. AUTOINCREMENT: a place that was given out is never given out again, whatever is deleted. */
export function createTables({ update, meta, once, retained }: SqliteNames): string[] {
  return [
    `CREATE TABLE ${update} (
      position INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL,
      topics TEXT NOT NULL,
      private INTEGER NOT NULL,
      type TEXT,
      retry INTEGER,
      presence INTEGER NOT NULL,
      bytes INTEGER NOT NULL,
      checksum INTEGER NOT NULL,
      published_at INTEGER NOT NULL,
      data BLOB NOT NULL
    )`,
    `CREATE INDEX ${update}_id ON ${update} (id)`,
    `CREATE INDEX ${update}_presence ON ${update} (position) WHERE presence = 1`,
    `CREATE TABLE ${once} (id TEXT PRIMARY KEY, digest TEXT NOT NULL, stored_at INTEGER NOT NULL) WITHOUT ROWID`,
    `CREATE INDEX ${once}_stored_at ON ${once} (stored_at)`,
    `CREATE TABLE ${retained} (topic_key TEXT PRIMARY KEY, position INTEGER NOT NULL, body TEXT NOT NULL)`,
    `CREATE INDEX ${retained}_position ON ${retained} (position)`,
    `CREATE TABLE ${meta} (
      single INTEGER PRIMARY KEY CHECK (single = 1),
      version INTEGER NOT NULL,
      epoch TEXT NOT NULL,
      trimmed INTEGER NOT NULL DEFAULT 0,
      trimmed_id TEXT,
      trimmed_private INTEGER,
      presence_trimmed INTEGER NOT NULL DEFAULT 0,
      presence_trimmed_id TEXT,
      presence_trimmed_private INTEGER,
      retained INTEGER,
      probe INTEGER NOT NULL DEFAULT 0
    )`,
    `INSERT INTO ${meta} (single, version, epoch) VALUES (1, ${SCHEMA_VERSION}, '${randomUUID()}')`,
  ];
}

export function dropTables({ update, meta, once, retained }: SqliteNames): string[] {
  return [update, once, retained, meta].map((name) => `DROP TABLE IF EXISTS ${name}`);
}

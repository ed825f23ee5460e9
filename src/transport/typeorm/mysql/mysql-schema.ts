import { randomUUID } from 'node:crypto';

/** Of the tables below. */
export const SCHEMA_VERSION = 1;

/** Names of one log, quoted and with their database. */
export interface MysqlNames {
  readonly database: string;
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

export function mysqlNames(database: string, prefix: string): MysqlNames {
  const name = (table: string): string => `${quoted(database)}.${quoted(prefix + table)}`;
  return {
    database,
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

function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/**
 * The tables of a log. Places are counted in a row that is locked from the moment one is taken until its transaction has
 * ended, so that their order is that of the commits. Text is kept as bytes, and compared as such.
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
}: MysqlNames): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${update} (
      position BIGINT NOT NULL PRIMARY KEY,
      id VARBINARY(2048) NOT NULL,
      topics LONGBLOB NOT NULL,
      private BOOLEAN NOT NULL,
      type VARBINARY(2048),
      retry BIGINT,
      presence BOOLEAN NOT NULL,
      bytes INTEGER NOT NULL,
      published_at BIGINT NOT NULL,
      data LONGBLOB NOT NULL,
      INDEX ${quoted(`${prefix}update_id`)} (id),
      INDEX ${quoted(`${prefix}update_presence`)} (presence)
    ) ENGINE = InnoDB ROW_FORMAT = DYNAMIC`,
    `CREATE TABLE IF NOT EXISTS ${position} (single TINYINT NOT NULL PRIMARY KEY, taken BIGINT NOT NULL) ENGINE = InnoDB`,
    `CREATE TABLE IF NOT EXISTS ${once} (
      id VARBINARY(2048) NOT NULL PRIMARY KEY,
      digest VARBINARY(44) NOT NULL,
      stored_at BIGINT NOT NULL,
      INDEX ${quoted(`${prefix}once_stored_at`)} (stored_at)
    ) ENGINE = InnoDB ROW_FORMAT = DYNAMIC`,
    `CREATE TABLE IF NOT EXISTS ${retained} (
      topic_key VARBINARY(44) NOT NULL PRIMARY KEY,
      position BIGINT NOT NULL,
      body LONGBLOB NOT NULL,
      INDEX ${quoted(`${prefix}retained_position`)} (position)
    ) ENGINE = InnoDB ROW_FORMAT = DYNAMIC`,
    `CREATE TABLE IF NOT EXISTS ${node} (name VARBINARY(64) NOT NULL PRIMARY KEY, ends_at BIGINT NOT NULL) ENGINE = InnoDB`,
    `CREATE TABLE IF NOT EXISTS ${subscriber} (
      node VARBINARY(64) NOT NULL,
      id_key VARBINARY(44) NOT NULL,
      id LONGBLOB NOT NULL,
      body LONGBLOB NOT NULL,
      PRIMARY KEY (node, id_key)
    ) ENGINE = InnoDB ROW_FORMAT = DYNAMIC`,
    `CREATE TABLE IF NOT EXISTS ${meta} (
      single TINYINT NOT NULL PRIMARY KEY,
      version INTEGER NOT NULL,
      epoch CHAR(36) NOT NULL,
      trimmed BIGINT NOT NULL DEFAULT 0,
      trimmed_id VARBINARY(2048),
      trimmed_private BOOLEAN,
      presence_trimmed BIGINT NOT NULL DEFAULT 0,
      presence_trimmed_id VARBINARY(2048),
      presence_trimmed_private BOOLEAN,
      retained BIGINT,
      probe BIGINT NOT NULL DEFAULT 0
    ) ENGINE = InnoDB`,
    `INSERT IGNORE INTO ${position} (single, taken) VALUES (1, 0)`,
    // The last: whoever finds it finds everything.
    `INSERT IGNORE INTO ${meta} (single, version, epoch) VALUES (1, ${SCHEMA_VERSION}, '${randomUUID()}')`,
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
}: MysqlNames): string[] {
  return [update, position, once, retained, node, subscriber, meta].map(
    (name) => `DROP TABLE IF EXISTS ${name}`,
  );
}

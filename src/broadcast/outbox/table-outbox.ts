import type { DataSource } from 'typeorm';
import { MercureError } from '../../errors.js';
import type { FaultLog } from '../fault-log.js';
import type { RunnerStates } from '../runner-state.js';
import type { OutboxHub } from './outbox-hub.js';
import type { Outbox, OutboxEntry, OutboxStatus, OutboxTransaction } from './outbox.js';
import { toBodies } from './outbox-rows.js';
import type { OutboxSession } from './outbox-session.js';
import { outboxEngine, type OutboxSql, outboxSql, tableName } from './outbox-sql.js';
import { Relay } from './relay.js';
import { RowPublisher } from './row-publisher.js';
import { ServerSession } from './server-session.js';
import { SqliteSession } from './sqlite-session.js';

export interface TableOutboxOptions {
  /** Begins the table's name. */
  readonly prefix: string;
  /** Whether the table is made where it is not there. */
  readonly migrate: boolean;
  readonly hub: OutboxHub;
  readonly faults: FaultLog;
  readonly states: RunnerStates;
}

/** Rows written by one statement: databases bound its size. */
const ROWS_PER_STATEMENT = 16;

/** A table in the database of the entities, and the relay that publishes what is in it. */
export class TableOutbox implements Outbox {
  private constructor(
    private readonly sql: OutboxSql,
    private readonly relay: Relay,
  ) {}

  /**
   * Opens the outbox of a DataSource, and begins publishing what it has.
   *
   * @throws MercureError OPTIONS_INVALID where there is no table, or can be no outbox
   */
  static async open(dataSource: DataSource, options: TableOutboxOptions): Promise<TableOutbox> {
    const { prefix, hub, faults, states } = options;
    const sql = outboxSql(dataSource, prefix);
    const session: OutboxSession =
      outboxEngine(dataSource) === 'sqlite'
        ? new SqliteSession(dataSource, states, prefix)
        : new ServerSession(dataSource, tableName(dataSource, prefix), {
            what: 'Option "broadcast.delivery": an outbox',
            otherwise: 'use a hub whose log lies in this database',
          });
    try {
      await findTable(session, sql, tableName(dataSource, prefix), options.migrate);
    } catch (error) {
      await session.close();
      throw error;
    }
    const relay = new Relay({
      session,
      sql,
      publisher: new RowPublisher(hub, faults, 'Its row of the outbox is set aside.'),
      faults,
    });
    relay.start();
    return new TableOutbox(sql, relay);
  }

  async write(transaction: OutboxTransaction, entries: readonly OutboxEntry[]): Promise<void> {
    const bodies = toBodies(entries);
    for (let start = 0; start < bodies.length; start += ROWS_PER_STATEMENT) {
      const some = bodies.slice(start, start + ROWS_PER_STATEMENT);
      const now = Date.now();
      await transaction.query(
        this.sql.insert(some.length),
        some.flatMap((body) => [body, now]),
      );
    }
  }

  committed(): void {
    this.relay.wake();
  }

  flush(): Promise<void> {
    return this.relay.flush();
  }

  status(): Promise<OutboxStatus> {
    return this.relay.status();
  }

  close(): Promise<void> {
    return this.relay.close();
  }
}

async function findTable(
  session: OutboxSession,
  sql: OutboxSql,
  table: string,
  migrate: boolean,
): Promise<void> {
  // Of several that make it at the same time, PostgreSQL may refuse all but one.
  if (migrate) await session.query(sql.create).catch(() => session.query(sql.create));
  try {
    await session.query(sql.probe);
  } catch (cause) {
    const remedy =
      'Set "broadcast.outbox.migrate": the table is then made at the start. Or let a migration make it: its statement ' +
      'is in docs/broadcast.md.';
    throw new MercureError(
      'OPTIONS_INVALID',
      500,
      `Option "broadcast.delivery": the outbox has no table ${table} it can read. ${remedy}`,
      remedy,
      { cause },
    );
  }
}

import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { timeOfId } from '../../../update/update-id.js';
import type { OnceWindow, OpenTransaction } from '../../abilities.js';
import type { AppendKind } from '../../transport.js';
import { asText, decodeUpdate, isFull, type UpdateColumns } from '../batch.js';
import {
  type Entry,
  type Landmark,
  type Log,
  type LogPage,
  type LogState,
  NO_BELL,
  type Place,
  type Row,
  type WakeUps,
  type Weight,
} from '../log.js';
import type { Query } from '../line.js';
import type { PresenceStore } from '../../presence/presence-store.js';
import { ForgetTimes, idsOf, sift, type StoredOnce } from '../once.js';
import { SqlPresence } from '../sql-presence.js';
import { TransactionEnds } from '../transaction-ends.js';
import { type MysqlLine, mysqlLine } from './mysql-line.js';
import {
  CLOCK,
  insertStatements,
  pageStatement,
  stateStatement,
  takeStatement,
  toState,
  weighStatement,
} from './mysql-statements.js';
import { forgetOnce, knownOnce, rememberOnce } from './mysql-once.js';
import { presenceDialect } from './mysql-presence.js';
import { MysqlRetained } from './mysql-retained.js';
import { emptyMeta, type OpenedMysql, openMysql } from './open-mysql.js';
import { trimStep } from './mysql-trim.js';

export interface MysqlLogOptions {
  /** Makes the DataSource that the log has for itself. */
  readonly connect: () => Promise<DataSource>;
  readonly prefix: string;
  /** Makes the tables where they are not there. */
  readonly migrate: boolean;
  /** What is wanted; what there is is a setting of the server. */
  readonly durability: 'process' | 'disk';
  /** How long a statement may take. Milliseconds. */
  readonly timeoutMs: number;
  readonly warn: (message: string) => void;
}

const UNSYNCED =
  'The database server answers before its disk has a publication: a power cut may take the last second. ' +
  'Set innodb_flush_log_at_trx_commit to 1, or durability to process.';

/** A log in MySQL or MariaDB. */
export class MysqlLog implements Log {
  /** Nobody rings here. */
  readonly pollMs = 50;
  /**
   * The counter is rolled back with its transaction. MariaDB (10.11) gathers what a statement may see one transaction
   * after the other, so that it can see one and not yet another that was committed before it: seen once in 10,000
   * transactions on a busy machine.
   */
  readonly isDense = true;
  readonly retained = new MysqlRetained(() => ({ line: this.reader, names: this.opened.names }));
  private source: DataSource | undefined;
  private opened!: OpenedMysql;
  private isWarned = false;
  private writer!: MysqlLine;
  private tail!: MysqlLine;
  private reader!: MysqlLine;
  private board!: MysqlLine;
  private readonly ends = new TransactionEnds(() => this.heard?.());
  private readonly forgetTimes = new ForgetTimes();
  private heard: (() => void) | undefined;

  constructor(private readonly options: MysqlLogOptions) {}

  get durability(): 'process' | 'disk' {
    return this.opened.isSynced ? 'disk' : 'process';
  }

  get connections(): number {
    return this.writer.opened + this.tail.opened;
  }

  async open(): Promise<void> {
    const source = await this.options.connect();
    this.source = source;
    const line = (): MysqlLine => mysqlLine(source, this.options.timeoutMs);
    [this.writer, this.tail, this.reader, this.board] = [line(), line(), line(), line()];
    try {
      await this.reopen();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async reopen(): Promise<void> {
    const { durability, warn } = this.options;
    this.opened = await openMysql((text, values) => this.reader.query(text, values), this.options);
    if (durability === 'process' || this.opened.isSynced || this.isWarned) return;
    this.isWarned = true;
    warn(UNSYNCED);
  }

  async close(): Promise<void> {
    if (!this.source) return;
    const { source } = this;
    this.source = undefined;
    await Promise.all([this.writer, this.tail, this.reader, this.board].map((line) => line.close()));
    await source.destroy();
  }

  insert(entries: readonly Entry[]): Promise<Place> {
    return this.writer.transaction((query) => this.insertBy(query, entries));
  }

  insertOnce(calls: readonly (readonly Entry[])[], window: OnceWindow): Promise<StoredOnce> {
    const { names } = this.opened;
    return this.writer.transaction(async (query) => {
      // Takes none, but the lock: what is read then is what the last one who had it stored.
      await query(this.take, [0]);
      const sifted = sift(calls, await knownOnce(query, names, idsOf(calls), window));
      const { entries, refused } = sifted;
      if (entries.length === 0) return { first: undefined, entries, refused };
      await rememberOnce(query, names, sifted);
      if (this.forgetTimes.isDue(entries.length, window)) await forgetOnce(query, names, window);
      return { first: await this.insertBy(query, entries), entries, refused };
    });
  }

  async insertWithin(transaction: OpenTransaction, entries: readonly Entry[]): Promise<void> {
    this.ends.watchOf(transaction);
    const result = (await transaction.query(this.take, [entries.length])) as { insertId: unknown };
    const first = firstOf(result.insertId, entries);
    for (const { sql, values } of insertStatements(this.opened.names, first, entries)) {
      await transaction.query(sql, [...values]);
    }
  }

  async page(after: Place, until: Place, by: 'tail' | 'reader'): Promise<LogPage> {
    const values = [after, after, until].map(String);
    const [state, ...found] = await this[by].query(pageStatement(this.opened.names), values);
    if (!state) throw emptyMeta();
    const rows = found.map(([position, presence, ...columns]): Row => {
      const update = decodeUpdate(columns as unknown as UpdateColumns);
      return {
        place: BigInt(asText(position)),
        kind: Number(presence) === 1 ? 'presence' : 'update',
        update,
      };
    });
    return { ...toState(asText(state[2]), asText(state[3])), rows, full: isFull(rows) };
  }

  async state(by: 'tail' | 'reader'): Promise<LogState> {
    const [row] = await this[by].query(stateStatement(this.opened.names));
    if (!row) throw emptyMeta();
    return toState(asText(row[0]), asText(row[1]));
  }

  async renew(epoch: string): Promise<void> {
    const text = `UPDATE ${this.opened.names.meta} SET epoch = ? WHERE epoch = ?`;
    await this.tail.query(text, [randomUUID(), epoch]);
  }

  async greatest(): Promise<Place> {
    const { update, meta } = this.opened.names;
    const [row] = await this.tail.query(
      `SELECT CAST(GREATEST(IFNULL((SELECT MAX(position) FROM ${update}), 0), trimmed, presence_trimmed) AS CHAR)
       FROM ${meta}`,
    );
    if (!row) throw emptyMeta();
    return BigInt(asText(row[0]));
  }

  async rowsAt(places: readonly Place[]): Promise<(Landmark & { readonly private: boolean })[]> {
    if (places.length === 0) return [];
    const rows = await this.tail.query(
      `SELECT CAST(position AS CHAR), id, private FROM ${this.opened.names.update} WHERE position IN (?)`,
      [places.map(String)],
    );
    return rows.map(([position, id, isPrivate]) => ({
      place: BigInt(asText(position)),
      id: asText(id),
      private: Number(isPrivate) === 1,
    }));
  }

  async placesOf(ids: readonly string[], after: Place): Promise<ReadonlyMap<string, Place>> {
    const rows = await this.reader.query(
      `SELECT id, CAST(MIN(position) AS CHAR) FROM ${this.opened.names.update}
       WHERE id IN (?) AND position > ? GROUP BY id`,
      [ids.map((id) => Buffer.from(id)), String(after)],
    );
    return new Map(rows.map(([id, position]) => [asText(id), BigInt(asText(position))]));
  }

  async oldestAt(): Promise<number | undefined> {
    const [row] = await this.reader.query(
      `SELECT id, CAST(published_at AS CHAR) FROM ${this.opened.names.update}
       WHERE presence = 0 ORDER BY position LIMIT 1`,
    );
    return row && (timeOfId(asText(row[0])) ?? Number(row[1]));
  }

  async weigh(after: Place, until: Place, kinds: readonly AppendKind[]): Promise<readonly Weight[]> {
    const statement = weighStatement(this.opened.names, kinds);
    const rows = await this.reader.query(statement, [String(after), String(until)]);
    return rows.map(([position, presence, bytes, at]) => ({
      place: BigInt(asText(position)),
      kind: Number(presence) === 1 ? 'presence' : 'update',
      bytes: Number(bytes),
      at: Number(at),
    }));
  }

  async clock(): Promise<number> {
    const [row] = await this.reader.query(`SELECT CAST(${CLOCK} AS CHAR)`);
    return Number(row![0]);
  }

  trim(kind: AppendKind, upTo: Place): Promise<number> {
    return this.reader.transaction((query) => trimStep(query, this.opened.names, kind, upTo));
  }

  presence(leaseMs: number): PresenceStore {
    return new SqlPresence(this.board, () => presenceDialect(this.opened.names), leaseMs);
  }

  async probe(writing: boolean): Promise<void> {
    if (writing) await this.writer.query(`UPDATE ${this.opened.names.meta} SET probe = probe + 1`);
    else await this.reader.query('SELECT 1');
  }

  isNext(place: Place, next: Place): boolean {
    return next === place + 1n;
  }

  wakeUps(): WakeUps {
    return NO_BELL;
  }

  onRing(heard: () => void): void {
    this.heard = heard;
  }

  private async insertBy(query: Query, entries: readonly Entry[]): Promise<Place> {
    const [row] = await query(this.take, [entries.length]);
    const first = firstOf(row![0], entries);
    for (const { sql, values } of insertStatements(this.opened.names, first, entries))
      await query(sql, values);
    return first;
  }

  /** A transaction that read before sees the counter as it was then, which MariaDB may take for a conflict. */
  private get take(): string {
    const { names, hasSnapshotIsolation } = this.opened;
    return `${hasSnapshotIsolation ? 'SET STATEMENT innodb_snapshot_isolation = OFF FOR ' : ''}${takeStatement(names)}`;
  }
}

function firstOf(last: unknown, entries: readonly Entry[]): Place {
  return BigInt(last as number | string) - BigInt(entries.length - 1);
}

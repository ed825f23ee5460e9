import type { DataSource } from 'typeorm';
import { timeOfId } from '../../../update/update-id.js';
import type { OnceWindow, OpenTransaction } from '../../abilities.js';
import { asText, type Batch, encodeBatch } from '../batch.js';
import {
  type Entry,
  type Landmark,
  type Log,
  type LogPage,
  type LogState,
  NO_BELL,
  type Place,
  type WakeUps,
  type Weight,
} from '../log.js';
import type { AppendKind } from '../../transport.js';
import { now } from '../now.js';
import type { StoredOnce } from '../once.js';
import { StoreFault } from '../store-fault.js';
import { TransactionEnds } from '../transaction-ends.js';
import { OpenFile } from './open-file.js';
import { inTransaction, isInTransaction } from './in-transaction.js';
import { type FileLock, lockFile, prepareSqlite } from './open-sqlite.js';
import {
  type SqliteConnection,
  type SqliteDriver,
  sqliteFault,
  type SqliteStatement,
} from './sqlite-driver.js';
import { checkFile } from './sqlite-check.js';
import { placesOf, rowsAt } from './sqlite-find.js';
import { readPage, type RowColumns } from './sqlite-page.js';
import { SqliteRetained } from './sqlite-retained.js';
import { SqliteOnce } from './sqlite-once.js';
import { type SqliteNames, sqliteNames } from './sqlite-schema.js';
import {
  insertStatement,
  rowsStatement,
  type StateRow,
  stateStatement,
  toState,
  weighStatement,
} from './sqlite-statements.js';
import { trimStep } from './sqlite-trim.js';
import { WriteGate } from './write-gate.js';

export interface SqliteLogOptions {
  /** Makes the DataSource that the log has for itself. */
  readonly connect: () => Promise<DataSource>;
  /** The application's DataSource on the same file, where it has one and that is known. */
  readonly application: () => DataSource | undefined;
  readonly prefix: string;
  readonly migrate: boolean;
  readonly durability: 'process' | 'disk';
  readonly timeoutMs: number;
}

/** A log in a file of SQLite. The driver is synchronous: a statement is done when it returns. */
export class SqliteLog implements Log {
  readonly durability: 'process' | 'disk';
  readonly pollMs = 100;
  connections = 0;
  private readonly names: SqliteNames;
  private readonly gate = new WriteGate(() => isInTransaction(this.options.application()));
  private readonly ends = new TransactionEnds(() => this.transactionEnded());
  private source: DataSource | undefined;
  private lock: FileLock | undefined;
  private file: OpenFile | undefined;
  private connection: SqliteConnection | undefined;
  private readonly statements = new Map<string, SqliteStatement>();
  private readonly once: SqliteOnce;
  readonly retained: SqliteRetained;
  private heard: (() => void) | undefined;

  constructor(private readonly options: SqliteLogOptions) {
    this.durability = options.durability;
    this.names = sqliteNames(options.prefix);
    this.once = new SqliteOnce(this.names);
    this.retained = new SqliteRetained(this.names, {
      prepared: (sql) => this.prepared(sql),
      ask: (question) => this.asking(question),
      write: (statements) =>
        this.gate.run(() => {
          this.checkFile();
          inTransaction(this.connection!, statements);
        }, performance.now() + options.timeoutMs),
    });
  }

  async open(): Promise<void> {
    await this.openFile();
    const application = this.options.application();
    if (application?.isInitialized) this.ends.watch(application);
  }

  async reopen(): Promise<void> {
    if (!this.file?.isThere) {
      await this.close();
      await this.openFile();
    } else await this.prepare();
  }

  async close(): Promise<void> {
    this.statements.clear();
    this.connection = undefined;
    this.file = undefined;
    await this.source?.destroy();
    this.source = undefined;
    this.lock?.release();
    this.lock = undefined;
  }

  insert(entries: readonly Entry[], deadline: number): Promise<Place> {
    const batch = encodeBatch(entries);
    return this.gate.run(() => {
      this.checkFile();
      return this.insertNow(batch, entries.length);
    }, deadline);
  }

  insertOnce(
    calls: readonly (readonly Entry[])[],
    window: OnceWindow,
    deadline: number,
  ): Promise<StoredOnce> {
    const store = (): StoredOnce => {
      this.checkFile();
      const prepared = (sql: string): SqliteStatement => this.prepared(sql);
      return this.once.store(this.connection!, prepared, calls, window, (entries) =>
        this.insertNow(encodeBatch(entries), entries.length),
      );
    };
    return this.gate.run(store, deadline);
  }

  async insertWithin(transaction: OpenTransaction, entries: readonly Entry[]): Promise<void> {
    this.ends.watchOf(transaction);
    const { heads, data } = encodeBatch(entries);
    await transaction.query(insertStatement(this.names), [now(), data, heads]);
  }

  page(after: Place, until: Place): Promise<LogPage> {
    return this.asking(() => {
      const state = this.stateNow();
      const last = Math.min(Number(until), Number.MAX_SAFE_INTEGER);
      const found = this.prepared(rowsStatement(this.names)).iterate(Number(after), last);
      return { ...state, ...readPage(found as Iterable<RowColumns>, after, state) };
    });
  }

  state(): Promise<LogState> {
    return this.asking(() => this.stateNow());
  }

  greatest(): Promise<Place> {
    return this.asking(() => {
      const { update, meta } = this.names;
      const sql = `SELECT max(ifnull((SELECT max(position) FROM ${update}), 0), trimmed, presence_trimmed) FROM ${meta}`;
      const [[place]] = this.prepared(sql).all() as [[number]];
      return BigInt(place);
    });
  }

  rowsAt(places: readonly Place[]): Promise<(Landmark & { readonly private: boolean })[]> {
    return this.asking(() => rowsAt((sql) => this.prepared(sql), this.names, places));
  }

  placesOf(ids: readonly string[], after: Place): Promise<ReadonlyMap<string, Place>> {
    return this.asking(() => placesOf((sql) => this.prepared(sql), this.names, ids, after));
  }

  oldestAt(): Promise<number | undefined> {
    return this.asking(() => {
      const { update } = this.names;
      const sql = `SELECT CAST(id AS BLOB), published_at FROM ${update} WHERE presence = 0 ORDER BY position LIMIT 1`;
      const [row] = this.prepared(sql).all() as [[unknown, number]?];
      return row && (timeOfId(asText(row[0])) ?? row[1]);
    });
  }

  weigh(after: Place, until: Place, kinds: readonly AppendKind[]): Promise<readonly Weight[]> {
    return this.asking(() => {
      const statement = this.prepared(weighStatement(this.names, kinds));
      const rows = statement.all(Number(after), Number(until)) as [number, number, number, number][];
      return rows.map(([place, presence, bytes, at]) => {
        return { place: BigInt(place), kind: presence === 1 ? 'presence' : 'update', bytes, at };
      });
    });
  }

  clock(): Promise<number> {
    return Promise.resolve(now());
  }

  trim(kind: AppendKind, upTo: Place): Promise<number> {
    const step = (): number =>
      trimStep(this.connection!, (sql) => this.prepared(sql), this.names, kind, upTo);
    return this.gate.run(step, performance.now() + this.options.timeoutMs);
  }

  async probe(writing: boolean): Promise<void> {
    if (!writing) return void (await this.state());
    const write = (): unknown => this.prepared(`UPDATE ${this.names.meta} SET probe = probe + 1`).run();
    await this.gate.run(write, performance.now() + this.options.timeoutMs);
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

  private insertNow({ heads, data }: Batch, count: number): Place {
    const { lastInsertRowid } = this.prepared(insertStatement(this.names)).run(now(), data, heads);
    return BigInt(lastInsertRowid) - BigInt(count - 1);
  }

  private async openFile(): Promise<void> {
    this.source = await this.options.connect();
    const { databaseConnection, sqlite } = this.source.driver as unknown as {
      databaseConnection: SqliteConnection;
      sqlite: SqliteDriver;
    };
    this.connection = databaseConnection;
    try {
      const { database } = this.source.options as { database: string };
      this.lock = lockFile(sqlite, `${database}-${this.options.prefix}lock`);
      this.file = new OpenFile(database);
      this.connections++;
      checkFile(this.connection, database);
      await this.prepare();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  private async prepare(): Promise<void> {
    this.statements.clear();
    const prepare = (): void => prepareSqlite(this.connection!, this.names, this.options);
    await this.gate.run(prepare, performance.now() + this.options.timeoutMs);
  }

  private transactionEnded(): void {
    this.gate.retryNow();
    this.heard?.();
  }

  private stateNow(): LogState {
    this.checkFile();
    const [row] = this.prepared(stateStatement(this.names)).all() as [StateRow?];
    if (!row) throw new StoreFault('away', 'its table of settings is empty');
    return toState(row);
  }

  private checkFile(): void {
    if (!this.file?.isThere) throw new StoreFault('away', 'its file was deleted or replaced');
  }

  private prepared(sql: string): SqliteStatement {
    if (!this.connection) throw new StoreFault('away', 'it is closed');
    let statement = this.statements.get(sql);
    if (!statement) {
      statement = this.connection.prepare(sql);
      // An INSERT answers no rows, which better-sqlite3 will not have raw.
      if (sql.startsWith('SELECT')) statement.raw();
      this.statements.set(sql, statement);
    }
    return statement;
  }

  private async asking<T>(question: () => T): Promise<T> {
    try {
      return question();
    } catch (error) {
      throw sqliteFault(error);
    }
  }
}

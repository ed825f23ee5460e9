import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { timeOfId } from '../../../update/update-id.js';
import type { OnceWindow, OpenTransaction } from '../../abilities.js';
import { decodeUpdate, encodeBatch, isFull, type UpdateColumns } from '../batch.js';
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
import type { AppendKind } from '../../transport.js';
import type { Query } from '../line.js';
import type { PresenceStore } from '../../presence/presence-store.js';
import { ForgetTimes, idsOf, sift, type StoredOnce } from '../once.js';
import { StoreFault } from '../store-fault.js';
import { SqlPresence } from '../sql-presence.js';
import { TransactionEnds } from '../transaction-ends.js';
import { Doorbell } from './doorbell.js';
import { openPostgres } from './open-postgres.js';
import { type PostgresLine, postgresLine } from './postgres-line.js';
import { forgetOnce, knownOnce, rememberOnce } from './postgres-once.js';
import { presenceDialect } from './postgres-presence.js';
import { PostgresRetained } from './postgres-retained.js';
import type { PostgresNames } from './postgres-schema.js';
import {
  BEGIN_COMMITTED,
  COMMIT_UNSYNCED,
  insertStatement,
  LIMIT_IDLE,
  PLACE_BITS,
  pageStatement,
  stateStatement,
  toState,
  trimStatement,
  weighStatement,
  type WritersLock,
} from './postgres-statements.js';

export interface PostgresLogOptions {
  /** Makes the DataSource that the log has for itself. */
  readonly connect: () => Promise<DataSource>;
  readonly prefix: string;
  /** Makes the tables where they are not there. */
  readonly migrate: boolean;
  /** Of this log's own appends; a transaction of the application's has its own. */
  readonly durability: 'process' | 'disk';
  /** How long a statement may take. Milliseconds. */
  readonly timeoutMs: number;
  readonly warn: (message: string) => void;
}

/** A log in PostgreSQL. */
export class PostgresLog implements Log {
  readonly durability: 'process' | 'disk';
  readonly retained = new PostgresRetained(() => ({ line: this.reader, names: this.names }));
  private source: DataSource | undefined;
  private names!: PostgresNames;
  private lock!: WritersLock;
  private doorbell: Doorbell | undefined;
  private writer!: PostgresLine;
  private tail!: PostgresLine;
  private reader!: PostgresLine;
  private board!: PostgresLine;

  private readonly ends = new TransactionEnds((runner) => this.transactionEnded(runner));
  /** Transactions of the application's that have written updates. */
  private readonly joined = new WeakSet<object>();
  private readonly forgetTimes = new ForgetTimes();
  private heard: (() => void) | undefined;

  constructor(private readonly options: PostgresLogOptions) {
    this.durability = options.durability;
  }

  /** How often other nodes' updates must be looked for. Milliseconds. */
  get pollMs(): number {
    return this.doorbell?.hears ? 500 : 100;
  }

  get connections(): number {
    return this.writer.opened + this.tail.opened;
  }

  async open(): Promise<void> {
    const source = await this.options.connect();
    this.source = source;
    const line = (): PostgresLine => postgresLine(source, this.options.timeoutMs);
    [this.writer, this.tail, this.reader, this.board] = [line(), line(), line(), line()];
    try {
      await this.check();
    } catch (error) {
      await this.close();
      throw error;
    }
    this.doorbell = new Doorbell(line(), this.lock, this.options.warn);
    await this.doorbell.hang();
  }

  async reopen(): Promise<void> {
    await this.check();
  }

  async close(): Promise<void> {
    if (!this.source) return;
    const { source } = this;
    this.source = undefined;
    await this.doorbell?.close();
    await Promise.all([this.writer, this.tail, this.reader, this.board].map((line) => line.close()));
    await source.destroy();
  }

  insert(entries: readonly Entry[]): Promise<Place> {
    return this.insertBy((text, values) => this.writer.query(text, values), entries);
  }

  insertOnce(calls: readonly (readonly Entry[])[], window: OnceWindow): Promise<StoredOnce> {
    const { names } = this;
    return this.writer.transaction(async (query) => {
      const sifted = sift(calls, await knownOnce(query, names, this.lock, idsOf(calls), window));
      const { entries, refused } = sifted;
      if (entries.length === 0) return { first: undefined, entries, refused };
      await rememberOnce(query, names, sifted);
      if (this.forgetTimes.isDue(entries.length, window)) await forgetOnce(query, names, window);
      // The last: whoever has a place holds up delivery.
      return { first: await this.insertBy(query, entries), entries, refused };
    }, BEGIN_COMMITTED);
  }

  async insertWithin(transaction: OpenTransaction, entries: readonly Entry[]): Promise<void> {
    this.ends.watchOf(transaction);
    this.joined.add(transaction);
    const { heads, data } = encodeBatch(entries);
    const statement = insertStatement(this.names, this.lock, { settings: [LIMIT_IDLE] });
    await transaction.query(statement, [heads, data]);
  }

  async page(after: Place, until: Place, by: 'tail' | 'reader'): Promise<LogPage> {
    const [state, ...found] = await this[by].query(pageStatement(this.names), [String(after), String(until)]);
    if (!state) throw noState();
    const rows = found.map(([position, presence, ...columns]): Row => {
      const update = decodeUpdate(columns as unknown as UpdateColumns);
      return { place: BigInt(position as string), kind: presence ? 'presence' : 'update', update };
    });
    return { ...toState(state[2], state[3]), rows, full: isFull(rows) };
  }

  async state(by: 'tail' | 'reader'): Promise<LogState> {
    const [row] = await this[by].query(stateStatement(this.names));
    if (!row) throw noState();
    return toState(row[0], row[1]);
  }

  async renew(epoch: string): Promise<void> {
    const text = `UPDATE ${this.names.meta} SET epoch = $1 WHERE epoch = $2`;
    await this.tail.query(text, [randomUUID(), epoch]);
  }

  async greatest(): Promise<Place> {
    const { update, meta } = this.names;
    const [row] = await this.tail.query(
      `SELECT greatest((SELECT max(position) FROM ${update}), trimmed, presence_trimmed)::text FROM ${meta}`,
    );
    return BigInt((row?.[0] as string | undefined) ?? 0);
  }

  async rowsAt(places: readonly Place[]): Promise<(Landmark & { readonly private: boolean })[]> {
    const rows = await this.tail.query(
      `SELECT position::text, id, private FROM ${this.names.update} WHERE position = ANY($1::bigint[])`,
      [places.map(String)],
    );
    return rows.map(([position, id, isPrivate]) => ({
      place: BigInt(position as string),
      id: id as string,
      private: isPrivate as boolean,
    }));
  }

  async placesOf(ids: readonly string[], after: Place): Promise<ReadonlyMap<string, Place>> {
    const rows = await this.reader.query(
      `SELECT id, min(position)::text FROM ${this.names.update}
       WHERE id = ANY($1::text[]) AND position > $2 GROUP BY id`,
      [ids, String(after)],
    );
    return new Map(rows.map(([id, position]) => [id as string, BigInt(position as string)]));
  }

  async oldestAt(): Promise<number | undefined> {
    const [row] = await this.reader.query(
      `SELECT id, published_at::text FROM ${this.names.update} WHERE NOT presence ORDER BY position LIMIT 1`,
    );
    return row && (timeOfId(row[0] as string) ?? Number(row[1]));
  }

  async weigh(after: Place, until: Place, kinds: readonly AppendKind[]): Promise<readonly Weight[]> {
    const statement = weighStatement(this.names, kinds);
    const rows = await this.reader.query(statement, [String(after), String(until)]);
    return rows.map(([position, presence, bytes, at]) => ({
      place: BigInt(position as string),
      kind: presence ? 'presence' : 'update',
      bytes: bytes as number,
      at: Number(at),
    }));
  }

  async clock(): Promise<number> {
    const [row] = await this.reader.query(
      'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint::text',
    );
    return Number(row![0]);
  }

  async trim(kind: AppendKind, upTo: Place): Promise<number> {
    const [row] = await this.reader.query(trimStatement(this.names, this.lock, kind), [String(upTo)]);
    return row![0] as number;
  }

  presence(leaseMs: number): PresenceStore {
    return new SqlPresence(this.board, () => presenceDialect(this.names), leaseMs);
  }

  async probe(writing: boolean): Promise<void> {
    if (writing) await this.writer.query(`UPDATE ${this.names.meta} SET probe = probe + 1`);
    else await this.reader.query('SELECT 1');
  }

  isNext(place: Place, next: Place): boolean {
    return (next >> PLACE_BITS) - (place >> PLACE_BITS) <= 1n;
  }

  async writers(): Promise<ReadonlySet<string>> {
    const [space, log] = this.lock;
    const rows = await this.tail.query(`SELECT virtualtransaction FROM pg_locks ${holding(space, log)}`);
    return new Set(rows.map(([name]) => name as string));
  }

  async describe(writers: ReadonlySet<string>): Promise<string> {
    const [space, log] = this.lock;
    const rows = await this.tail.query(
      `SELECT format('backend %s (%s, %s, since %s)', pid, application_name, state, date_trunc('second', xact_start))
       FROM pg_locks JOIN pg_stat_activity USING (pid) ${holding(space, log)} AND virtualtransaction = ANY($1)`,
      [[...writers]],
    );
    return rows.map(([text]) => text as string).join(', ');
  }

  ring(): void {
    this.doorbell?.ring();
  }

  wakeUps(): WakeUps {
    return this.doorbell?.wakeUps ?? { ...NO_BELL, doorbell: 'away' };
  }

  onRing(heard: () => void): void {
    this.heard = heard;
    this.doorbell?.onRing(heard);
  }

  private async insertBy(query: Query, entries: readonly Entry[]): Promise<Place> {
    const { heads, data } = encodeBatch(entries);
    const settings = this.durability === 'process' ? [COMMIT_UNSYNCED] : [];
    const statement = insertStatement(this.names, this.lock, { settings });
    const [row] = await query(statement, [heads, data]);
    return BigInt(row![0] as string);
  }

  /** What it wrote can be read now: by this node, and by the others when they are told. */
  private transactionEnded(runner: object): void {
    if (!this.joined.delete(runner)) return;
    this.heard?.();
    this.ring();
  }

  private async check(): Promise<void> {
    const { schema } = this.source!.options as { schema?: string };
    const opened = await openPostgres(this.writer, { ...this.options, schema });
    this.names = opened.names;
    this.lock = opened.lock;
  }
}

function holding(space: number, log: number): string {
  return `WHERE locktype = 'advisory' AND granted AND classid = ${space} AND objid = ${log} AND objsubid = 2
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
}

function noState(): StoreFault {
  return new StoreFault('away', 'its table of settings is empty');
}

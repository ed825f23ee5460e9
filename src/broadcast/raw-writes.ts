import { whatOf } from './change.js';
import type { AfterQueryEvent, BeforeQueryEvent, DataSource, EntityMetadata, QueryRunner } from 'typeorm';
import type { RawSqlMode } from './broadcast-options.js';
import type { BroadcastScope } from './broadcast-scope.js';
import type { ChangeRecorder } from './change-recorder.js';
import { dataSourceOf } from './data-source-of.js';
import { type RawWrite, rawWritesIn } from './raw-statement.js';
import type { Telling } from './tell-changes.js';

/** A statement that was sent and is not answered yet. */
interface Sent {
  readonly query: string;
  readonly writes: readonly { readonly write: RawWrite; readonly metadata: EntityMetadata }[];
}

const MAY_EMPTY = /^\s*(?:TRUNCATE|DELETE)\b/i;

/** Statements that never are: another subscriber objected. */
const MAX_SENT = 100;

/** Statements that builders made and never sent: their connection was lost. */
const MAX_OWN = 100;

/**
 * Sees raw SQL on tables of which something is told: that one was emptied (`clear()`), which names no row, and in
 * development that anything else was done, which followers are not told.
 */
export class RawWrites {
  /**
   * What builders are about to send: TypeORM's statements come from those. Their context would say so, too, but to follow
   * contexts costs every promise of the process.
   */
  readonly #own: string[] = [];
  readonly #tables = new WeakMap<DataSource, ReadonlyMap<string, readonly EntityMetadata[]>>();
  readonly #sent = new WeakMap<QueryRunner, Sent[]>();

  constructor(
    private readonly recorder: ChangeRecorder,
    private readonly telling: Telling,
    private readonly scope: BroadcastScope,
    private readonly mode: RawSqlMode,
  ) {}

  /** A builder is about to send a statement, which is not raw SQL. */
  own(query: string): void {
    if (this.#own.push(query) > MAX_OWN) this.#own.shift();
  }

  /** What is told of a DataSource's entities has changed. */
  follow(dataSource: DataSource): void {
    this.#tables.delete(dataSource);
  }

  /** A statement is about to be sent, in the context of whoever sends it. */
  sending({ query, queryRunner }: BeforeQueryEvent): void {
    if (this.#isOwn(query) || this.scope.isSilent) return;
    if (this.mode === 'ignore' && !MAY_EMPTY.test(query)) return;
    const writes = rawWritesIn(query).flatMap((write) =>
      this.#concerned(write, dataSourceOf(queryRunner)).map((metadata) => ({ write, metadata })),
    );
    if (writes.length === 0) return;
    const sent = this.#sent.get(queryRunner) ?? [];
    if (sent.length >= MAX_SENT) sent.length = 0;
    sent.push({ query, writes });
    this.#sent.set(queryRunner, sent);
  }

  /** A statement was answered. */
  answered({ query, queryRunner, success }: AfterQueryEvent): void {
    const sent = this.#sent.get(queryRunner);
    const index = sent?.findIndex((each) => each.query === query) ?? -1;
    const [found] = index < 0 ? [] : sent!.splice(index, 1);
    if (!found || !success) return;
    for (const { write, metadata } of found.writes) {
      if (write.isWhole) this.recorder.unnamed('delete', metadata, queryRunner);
      else if (this.mode === 'warn') this.#warn(write, metadata);
    }
  }

  #isOwn(query: string): boolean {
    const index = this.#own.indexOf(query);
    if (index >= 0) this.#own.splice(index, 1);
    return index >= 0;
  }

  #warn({ operation }: RawWrite, metadata: EntityMetadata): void {
    // Trees of this kind are numbered in SQL of TypeORM's own.
    if (metadata.treeType === 'nested-set' && operation === 'update') return;
    this.telling.faults.warn(
      `${whatOf({ operation, metadata })}: raw SQL changed its table, which is not told to followers. ` +
        'Write by its repository or a query builder, publish by hand, or on PostgreSQL let triggers tell it ' +
        "(by: 'trigger'). Where it is meant so, suppress() it, or set broadcast: { rawSql: 'ignore' }.",
    );
  }

  #concerned({ table }: RawWrite, dataSource: DataSource): readonly EntityMetadata[] {
    const name = table.at(-1)?.toLowerCase();
    const qualifier = table.at(-2);
    const found = (name !== undefined && this.#tablesOf(dataSource).get(name)) || [];
    return found.filter(({ schema }) => !qualifier || !schema || schema === qualifier);
  }

  /** The entities that are told, by their table; children of single-table inheritance go with their parent. */
  #tablesOf(dataSource: DataSource): ReadonlyMap<string, readonly EntityMetadata[]> {
    const known = this.#tables.get(dataSource);
    if (known) return known;
    const tables = new Map<string, EntityMetadata[]>();
    for (const metadata of dataSource.entityMetadatas) {
      const isChild = metadata.tableType === 'entity-child';
      if (isChild || !this.telling.plans.concern(metadata)) continue;
      const name = metadata.tableName.toLowerCase();
      tables.set(name, [...(tables.get(name) ?? []), metadata]);
    }
    this.#tables.set(dataSource, tables);
    return tables;
  }
}

import type { DataSource, EntityMetadata, QueryRunner } from 'typeorm';
import type { BroadcastPlans } from '../broadcast-plans.js';
import { type Change, rowKey, wasGone } from '../change.js';
import { changeOf, UNIDENTIFIED } from '../change-of-event.js';
import type { FaultLog } from '../fault-log.js';
import { changeOfLink } from '../junction-sides.js';
import { readEntities, type Reading, type Row } from '../read-entities.js';
import type { QueuedRow, QueuedTransaction } from './change-queue.js';
import { isPassing } from './passing-fault.js';
import { readImages } from './read-images.js';
import { rootOf } from './watched-table.js';

/** What a transaction did, in the words of `@Broadcast`. */
export interface QueuedChanges {
  readonly changes: readonly Change[];
  /** Rows as it left them, by `Change.key`; null of those it left gone. What could not be read is absent. */
  readonly left: Map<string, Row | null>;
  /** Entities whose rows changed, nobody knows which. */
  readonly unnamed: readonly { readonly operation: 'update' | 'delete'; readonly metadata: EntityMetadata }[];
}

/** A row of a table in one transaction: what it was at first, which is what its followers know. */
interface Occurrence {
  readonly first: QueuedRow;
  /** Read back from JSON; of one that is made here it has its key, and what says its class. */
  row: Row | undefined;
}

/** Turns what triggers wrote down into changes. */
export class QueuedChangeReader {
  /** By the source: tables of entities, and of junctions. */
  readonly #tables: ReadonlyMap<string, EntityMetadata>;

  constructor(
    { entityMetadatas }: DataSource,
    private readonly plans: BroadcastPlans,
    private readonly faults: FaultLog,
  ) {
    this.#tables = new Map(
      entityMetadatas.map((metadata) => [
        metadata.tablePath,
        metadata.isJunction ? metadata : rootOf(metadata),
      ]),
    );
  }

  /**
   * Reads transactions, in their order. What a row is after one of them is what it is before the next that changes it,
   * or else what it is now.
   *
   * Two SELECTs for each table in which there are rows, and one more for each time that one of them changed again.
   *
   * @param later of rows that change again after all of these, what they were then
   * @param runner in a transaction that sees what was committed with these, and nothing that was later
   * @throws what the driver throws and may not throw again; what it would, costs the table's rows, and is told
   */
  async read(
    transactions: readonly QueuedTransaction[],
    later: readonly QueuedRow[],
    runner: QueryRunner,
  ): Promise<QueuedChanges[]> {
    const histories = new Map<string, Occurrence[]>();
    const each = [...transactions.map(({ rows }) => rows), later].map((rows) => occurrences(rows, histories));
    await this.#readRows(histories, runner);
    const read = transactions.map(({ rows }, index) => this.#changesOf(rows, each[index]!, histories));
    await this.#readLast(read, runner);
    return read;
  }

  /** Of rows that did not change again, what is there now. What stays unread here is read, and told, where it is told. */
  async #readLast(transactions: readonly QueuedChanges[], runner: QueryRunner): Promise<void> {
    const wanted = new Map<EntityMetadata, Map<string, { change: Change; left: QueuedChanges['left'] }>>();
    for (const { changes, left } of transactions) {
      for (const change of changes) {
        if (change.way === 'links' || left.has(change.key)) continue;
        const ofEntity = wanted.get(change.metadata) ?? new Map<string, never>();
        wanted.set(change.metadata, ofEntity.set(change.key, { change, left }));
      }
    }
    for (const [metadata, ofEntity] of wanted) {
      const last = [...ofEntity.values()];
      try {
        const rows = await readEntities(
          runner,
          this.plans.readingOf(metadata),
          last.map(({ change }) => change),
        );
        for (const { change, left } of last) left.set(change.key, rows.get(change.key) ?? null);
      } catch (error) {
        if (isPassing(error)) throw error;
      }
    }
  }

  /** TypeORM makes one entity of all rows with the same key: of each row one state is read at a time. */
  async #readRows(histories: ReadonlyMap<string, Occurrence[]>, runner: QueryRunner): Promise<void> {
    const all = [...histories.values()];
    for (let round = 0, some = all; some.length > 0; round++) {
      for (const [source, table] of this.#tables) {
        const wanted = some
          .flatMap((history) => history[round] ?? [])
          .filter(({ first }) => first.source === source);
        const texts = wanted.map(({ first }) => first.image ?? first.key!);
        if (texts.length === 0) continue;
        const rows = await readImages(runner, this.#readingOf(table), texts).catch((error: unknown) =>
          this.#unreadable(table, error),
        );
        for (const [index, occurrence] of wanted.entries()) occurrence.row = rows[index];
      }
      some = some.filter(({ length }) => length > round + 1);
    }
  }

  #unreadable({ name }: EntityMetadata, error: unknown): readonly never[] {
    if (isPassing(error)) throw error;
    const remedy =
      'Its rows are left out, and followers must read again; run PostgresTriggerBroadcast.up() again.';
    this.faults.error(`Broadcast of entity "${name}" by trigger`, error, remedy);
    return [];
  }

  /** Of what children need, the table's entity has every column and relation. */
  #readingOf(table: EntityMetadata): Reading {
    const paths = new Set(table.relations.map(({ propertyPath }) => propertyPath));
    const readings = this.plans.within(table).map((each) => this.plans.readingOf(each));
    const relations = [...new Set(readings.flatMap((each) => each.relations))];
    const linked = new Map(
      readings.flatMap((each) => each.linked.map((links) => [links.path, links] as const)),
    );
    return {
      metadata: table,
      relations: relations.filter((path) => paths.has(path)),
      linked: [...linked.values()],
    };
  }

  #changesOf(
    rows: readonly QueuedRow[],
    occurring: ReadonlyMap<string, Occurrence>,
    histories: ReadonlyMap<string, readonly Occurrence[]>,
  ): QueuedChanges {
    const changes: Change[] = [];
    const unnamed: { operation: 'update' | 'delete'; metadata: EntityMetadata }[] = [];
    for (const row of rows) {
      const table = this.#tables.get(row.source);
      if (!table) continue;
      if (row.key === null) unnamed.push(...this.#unnamed(table));
      const occurrence = occurring.get(nameOf(row));
      if (!occurrence?.row) continue;
      if (table.isJunction) changes.push(...this.#links(occurrence.row, table, row));
      else changes.push(...this.#change(occurrence, occurrence.row, table, row));
    }
    return { changes, unnamed: foremost(unnamed), left: this.#left(occurring, histories) };
  }

  #left(
    occurring: ReadonlyMap<string, Occurrence>,
    histories: ReadonlyMap<string, readonly Occurrence[]>,
  ): Map<string, Row | null> {
    const left = new Map<string, Row | null>();
    for (const [name, occurrence] of occurring) {
      const history = histories.get(name)!;
      const next = history[history.indexOf(occurrence) + 1];
      const root = this.#tables.get(occurrence.first.source);
      if (!next?.row || !root || root.isJunction) continue;
      const { entity } = next.row;
      const metadata = root.findInheritanceMetadata(entity);
      const isGone = next.first.operation === 'insert' || wasGone({ metadata, before: entity });
      left.set(rowKey(metadata, entity), isGone ? null : next.row);
    }
    return left;
  }

  #change(
    { first }: Occurrence,
    row: Row,
    root: EntityMetadata,
    { operation, originator }: QueuedRow,
  ): Change[] {
    const metadata = root.findInheritanceMetadata(row.entity);
    const id = metadata.getEntityIdMap(row.entity);
    if (!id || (!this.plans.of(metadata) && this.plans.touchesOf(metadata).length === 0)) return [];
    const before = first.operation === 'insert' ? undefined : row;
    const change = changeOf(OPERATIONS[operation], metadata, id, before?.entity);
    return [
      { ...change, keys: before?.keys ?? {}, linked: before?.linked, originator: originator ?? undefined },
    ];
  }

  #links({ entity }: Row, junction: EntityMetadata, { operation, originator }: QueuedRow): Change[] {
    return this.plans.sidesOf(junction).flatMap((side) => {
      const change = changeOfLink(entity, side, operation === 'insert');
      return change === UNIDENTIFIED ? [] : [{ ...change, originator: originator ?? undefined }];
    });
  }

  #unnamed(table: EntityMetadata): QueuedChanges['unnamed'] {
    if (!table.isJunction) {
      return this.plans.within(table).map((metadata) => ({ operation: 'delete', metadata }));
    }
    return this.plans.sidesOf(table).map(({ metadata }) => ({ operation: 'update', metadata }));
  }
}

/** A TRUNCATE CASCADE empties tables of links, too: of what removed all rows of an entity, its links say nothing more. */
function foremost(unnamed: QueuedChanges['unnamed']): QueuedChanges['unnamed'] {
  const emptied = new Set(
    unnamed.flatMap(({ operation, metadata }) => (operation === 'delete' ? metadata : [])),
  );
  return unnamed.filter(({ operation, metadata }) => operation === 'delete' || !emptied.has(metadata));
}

const OPERATIONS = { insert: 'create', update: 'update', delete: 'delete', truncate: 'delete' } as const;

function nameOf({ source, key }: QueuedRow): string {
  return `${source} ${key}`;
}

/** The rows that occur in a transaction, each added to its history. */
function occurrences(
  rows: readonly QueuedRow[],
  histories: Map<string, Occurrence[]>,
): ReadonlyMap<string, Occurrence> {
  const occurring = new Map<string, Occurrence>();
  for (const first of rows) {
    const name = nameOf(first);
    if (first.key === null || occurring.has(name)) continue;
    const occurrence = { first, row: undefined };
    occurring.set(name, occurrence);
    const history = histories.get(name);
    if (history) history.push(occurrence);
    else histories.set(name, [occurrence]);
  }
  return occurring;
}

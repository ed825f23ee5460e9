import type { EntityMetadata, ObjectLiteral, QueryRunner } from 'typeorm';
import { type Change, rowKey } from './change.js';
import { lockOf } from './driver-traits.js';
import { guardedRead } from './guarded-read.js';
import { type Linked, type LinkedRelation, readLinked } from './linked-rows.js';
import { type RelationKeys, relationKeysOf, withoutRelations } from './relation-keys.js';

/** Keys per SELECT: below every driver's bound on parameters, and few enough for a plan that uses the index. */
const BATCH = 500;

/** A row as it was read. */
export interface Row {
  /** An instance of its class, with its columns and nothing else. */
  readonly entity: ObjectLiteral;
  /** Every foreign key that was asked for, and those that are columns. */
  readonly keys: RelationKeys;
  /** What the relations that were asked for link it to. */
  readonly linked?: Linked | undefined;
}

/** What to read of an entity's rows. */
export interface Reading {
  readonly metadata: EntityMetadata;
  /** Property paths of the relations whose foreign keys are wanted; they come with the row. */
  readonly relations: readonly string[];
  /** The relations whose links are wanted, each of which is another query. */
  readonly linked: readonly LinkedRelation[];
  /** Whether rows that are soft-deleted are there. Default false. */
  readonly withDeleted?: boolean;
  /** Whether others must not write them until the runner's transaction ends. Default false. */
  readonly locked?: boolean | undefined;
}

type Wanted = Pick<Change, 'id' | 'key'>;

/**
 * Reads rows again, by their keys: what is published comes from the database, never from `event.entity`, in which a
 * partial `save()` has set every other nullable column to null. Columns of `select: false`, relations and
 * soft-deleted rows stay out.
 *
 * One SELECT for each 500 rows, and one more for each relation whose links are wanted; none of them can harm the
 * transaction it is in.
 *
 * @returns the rows by `Change.key`; one that is not there is absent
 * @throws SavepointRefused, or what the driver throws; the transaction is as it was
 */
export async function readEntities(
  runner: QueryRunner,
  reading: Reading,
  wanted: readonly Wanted[],
): Promise<Map<string, Row>> {
  const found = new Map<string, Row>();
  for (let start = 0; start < wanted.length; start += BATCH) {
    const batch = wanted.slice(start, start + BATCH);
    for (const [key, row] of await readBatch(runner, reading, batch)) found.set(key, row);
  }
  return found;
}

async function readBatch(
  runner: QueryRunner,
  reading: Reading,
  wanted: readonly Wanted[],
): Promise<Map<string, Row>> {
  const rows = await select(runner, reading, wanted);
  const byKey = new Map(rows.map((row) => [rowKey(reading.metadata, row.entity), row] as const));
  const missing = wanted.filter(({ key }) => !byKey.has(key));
  // The database may spell a key in its own way (a UUID in lower case): then a row is told apart by asking for it alone.
  if (missing.length > 0 && byKey.size > wanted.length - missing.length) {
    for (const each of missing) {
      const [row] = await select(runner, reading, [each]);
      if (row) byKey.set(each.key, row);
    }
  }
  return byKey;
}

function select(runner: QueryRunner, reading: Reading, wanted: readonly Wanted[]): Promise<Row[]> {
  const { metadata, relations, withDeleted = false, locked = false } = reading;
  return guardedRead(runner, async () => {
    const query = runner.manager
      .createQueryBuilder<ObjectLiteral>(metadata.target, 'entity')
      .whereInIds(wanted.map(({ id }) => id));
    if (withDeleted) query.withDeleted();
    if (locked) query.setLock(lockOf(runner));
    if (relations.length > 0) {
      query.loadAllRelationIds({ relations: [...relations], disableMixedMap: true });
    }
    if (wanted.length === 1) keepText(query, reading);
    return rowsOf(runner, await query.getMany(), reading);
  });
}

const texts = new WeakMap<Reading, string>();

/**
 * The text of a SELECT of one row is the same for each row of a reading, its key is a parameter: it is made once. To make
 * it is more than half of what the SELECT costs (SQLite: 25 µs of 45).
 */
function keepText(query: { getQuery(): string }, reading: Reading): void {
  const made = texts.get(reading);
  const getQuery = query.getQuery.bind(query);
  query.getQuery = () => {
    const text = made ?? getQuery();
    if (made === undefined) texts.set(reading, text);
    return text;
  };
}

/** What was read of rows, with their links. */
export async function rowsOf(
  runner: QueryRunner,
  entities: readonly ObjectLiteral[],
  { metadata, relations, linked }: Reading,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let start = 0; start < entities.length; start += BATCH) {
    const batch = entities.slice(start, start + BATCH);
    const linkedOf = linked.length > 0 ? await readLinked(runner, linked, batch) : undefined;
    rows.push(
      ...batch.map((entity) => ({
        entity: relations.length > 0 ? withoutRelations(metadata, entity) : entity,
        keys: relationKeysOf(metadata, entity),
        linked: linkedOf?.(entity),
      })),
    );
  }
  return rows;
}

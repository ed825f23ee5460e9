import type { EntityMetadata, ObjectLiteral, QueryRunner, SelectQueryBuilder } from 'typeorm';
import type { BroadcastOperation } from './broadcast-options.js';
import { type Change, rowKey } from './change.js';
import { changeOf } from './change-of-event.js';
import { dataSourceOf } from './data-source-of.js';
import { guardedRead } from './guarded-read.js';
import { type Reading, type Row, rowsOf } from './read-entities.js';
import type { Builder } from './watched-builders.js';

/** A statement that changes rows by a condition. */
export interface CriteriaWrite {
  readonly kind: 'update' | 'delete' | 'softDelete' | 'recover';
  /** What TypeORM's event of it says. */
  readonly operation: BroadcastOperation;
  readonly metadata: EntityMetadata;
  /** Whether it gives rows another key. */
  readonly setsKey: boolean;
}

const KINDS: Readonly<Record<string, CriteriaWrite['kind']>> = {
  update: 'update',
  delete: 'delete',
  'soft-delete': 'softDelete',
  restore: 'recover',
};

/** What a builder is about to do; undefined where it is no such statement, or its table is no entity's. */
export function criteriaWriteOf({ expressionMap }: Builder): CriteriaWrite | undefined {
  const { queryType, mainAlias, valuesSet } = expressionMap;
  const kind = KINDS[queryType];
  if (!kind || !mainAlias?.hasMetadata) return undefined;
  const { metadata } = mainAlias;
  const set = kind === 'update' ? (valuesSet as ObjectLiteral) : {};
  return {
    kind,
    metadata,
    operation: kind === 'delete' || kind === 'softDelete' ? 'delete' : 'update',
    setsKey: metadata.primaryColumns.some((column) => column.getEntityValue(set) !== undefined),
  };
}

/** The rows that a statement is about to change, as they are. */
export type RowsBefore = ReadonlyMap<string, Row>;

/**
 * Reads the rows that a builder's condition holds for, with a SELECT of the same condition and parameters. Where the
 * database locks rows for it, in a transaction, they are what the statement will find.
 *
 * @param reading what is wanted of them
 * @param limit of rows; where there are more than this, none is returned
 * @returns rows by `Change.key`; undefined where there are too many
 * @throws SavepointRefused, or what the driver throws; the transaction is as it was
 */
export async function rowsBefore(
  builder: Builder,
  { metadata, kind }: CriteriaWrite,
  runner: QueryRunner,
  reading: Reading,
  limit: number,
): Promise<RowsBefore | undefined> {
  // A condition that was written by hand may name the table; a path with the schema is no name to derive others from.
  const { tableName, target } = metadata;
  const copy = builder.clone();
  copy.expressionMap.aliases.length = 0;
  const query = copy.select(tableName).from<ObjectLiteral>(target, tableName).withDeleted();
  // The entity's own order is that of its reads, and would not be escaped here.
  query.setOption('disable-global-order');
  const { limit: own } = builder.expressionMap;
  if (own === undefined) query.expressionMap.orderBys = {};
  query.limit(Math.min(own ?? Infinity, limit + 1));
  const { relations } = reading;
  if (relations.length > 0) {
    query.loadAllRelationIds({ relations: [...relations], disableMixedMap: true });
  }
  if (reading.locked) {
    // In one order, so that two statements whose rows overlap do not wait for each other.
    if (own === undefined) inOrderOfKeys(query, tableName, metadata, runner);
    lock(query, runner, kind);
  }
  return guardedRead(runner, async () => {
    const entities = await query.getMany();
    if (entities.length > limit) return undefined;
    const rows = await rowsOf(runner, entities, reading);
    return new Map(rows.map((row) => [rowKey(metadata, row.entity), row] as const));
  });
}

/** The copy of an UPDATE or a DELETE takes names as they are: it does not escape them, nor know properties by them. */
function inOrderOfKeys(
  query: SelectQueryBuilder<ObjectLiteral>,
  tableName: string,
  { primaryColumns }: EntityMetadata,
  runner: QueryRunner,
): void {
  const { driver } = dataSourceOf(runner);
  for (const { databaseName } of primaryColumns) {
    query.addOrderBy(`${driver.escape(tableName)}.${driver.escape(databaseName)}`);
  }
}

/** As the statement itself will, and not more: a DELETE may be granted where nothing else is. */
function lock(
  query: SelectQueryBuilder<ObjectLiteral>,
  runner: QueryRunner,
  kind: CriteriaWrite['kind'],
): void {
  const { type } = dataSourceOf(runner).options;
  if (type === 'mysql' || type === 'mariadb') query.setLock('pessimistic_write');
  else if (type === 'postgres' && kind !== 'delete') query.setLock('for_no_key_update');
}

/** Whether a statement is meant for a row: what is deleted is not deleted again, nor recovered what is there. */
export function isRelevant({ kind, metadata }: CriteriaWrite, { entity }: Row): boolean {
  if (kind === 'softDelete') return !isDeleted(metadata, entity);
  return kind !== 'recover' || isDeleted(metadata, entity);
}

/**
 * What a statement did to a row, as far as that is known.
 *
 * @param certain whether it did anything. Else the row will say: an update of what is no longer there is told as a
 * delete
 * @returns undefined where it did nothing that followers could see
 */
export function changeOfRow(
  write: CriteriaWrite,
  row: Row,
  { certain }: { certain: boolean },
): Change | undefined {
  const { kind, operation } = write;
  const metadata = write.metadata.findInheritanceMetadata(row.entity);
  if (kind === 'softDelete' && !isRelevant(write, row)) return undefined;
  const change = changeOf(
    certain ? operation : 'update',
    metadata,
    metadata.getEntityIdMap(row.entity)!,
    row.entity,
  );
  const way = wayOf(write, row, change);
  const keys = { ...row.keys, ...change.keys };
  return { ...change, ...(way && { way }), keys, linked: row.linked, criteria: true };
}

function wayOf(write: CriteriaWrite, row: Row, { operation }: Change): Change['way'] {
  if (write.kind === 'softDelete' && operation === 'delete') return 'softDelete';
  return write.kind === 'recover' && isRelevant(write, row) ? 'recover' : undefined;
}

function isDeleted({ deleteDateColumn }: EntityMetadata, entity: ObjectLiteral): boolean {
  const at: unknown = deleteDateColumn?.getEntityValue(entity) ?? null;
  return at !== null;
}

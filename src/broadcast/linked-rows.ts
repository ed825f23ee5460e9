import type { EntityMetadata, ObjectLiteral, QueryRunner } from 'typeorm';
import { keyText, rowKey } from './change.js';
import { dataSourceOf } from './data-source-of.js';
import type { Links } from './links.js';

type Column = EntityMetadata['columns'][number];

/** The rows that relations of one row link it to: by the relation's property path, then by their key. Their id maps. */
export type Linked = ReadonlyMap<string, ReadonlyMap<string, ObjectLiteral>>;

/** A relation whose links do not stand in the row itself. */
export interface LinkedRelation {
  readonly path: string;
  /** Where they stand: the junction table, or the table of the other rows. */
  readonly table: EntityMetadata;
  /** Its columns that point to this row. */
  readonly here: readonly { readonly column: Column; readonly referenced: Column }[];
  /** Its columns that are the other row's key. */
  readonly there: readonly { readonly column: Column; readonly referenced: Column }[];
  /** The entity of the other rows. */
  readonly other: EntityMetadata;
}

/**
 * Reads what relations link rows to: one SELECT for each relation, whatever the number of rows. Other rows that are
 * soft-deleted stay out, as they do of TypeORM's `find()`.
 *
 * @returns tells it of one of the rows
 */
export async function readLinked(
  runner: QueryRunner,
  relations: readonly LinkedRelation[],
  rows: readonly ObjectLiteral[],
): Promise<(row: ObjectLiteral) => Linked> {
  const found = new Map<LinkedRelation, Map<string, Map<string, ObjectLiteral>>>();
  for (const relation of rows.length > 0 ? relations : []) {
    found.set(relation, await readRelation(runner, relation, rows));
  }
  return (row) =>
    new Map(
      [...found].map(([relation, byRow]) => [relation.path, byRow.get(hereOf(relation, row)) ?? new Map()]),
    );
}

/** As they were before: without what came, and with what went. */
export function linkedBefore(linked: Linked | undefined, links: Links | undefined): Linked | undefined {
  if (!links) return linked;
  const before = new Map(linked);
  for (const [path, changed] of links) {
    const rows = new Map(before.get(path));
    for (const [key, { id, was }] of changed) {
      if (was) rows.set(key, id);
      else rows.delete(key);
    }
    before.set(path, rows);
  }
  return before;
}

async function readRelation(
  runner: QueryRunner,
  relation: LinkedRelation,
  rows: readonly ObjectLiteral[],
): Promise<Map<string, Map<string, ObjectLiteral>>> {
  const { driver } = dataSourceOf(runner);
  const { here, there, table, other } = relation;
  const nameOf = (column: Column): string => `${driver.escape('link')}.${driver.escape(column.databaseName)}`;
  const names = here.map(({ column }) => nameOf(column));
  const parameters: ObjectLiteral = {};
  const keys = rows.map((row, index) =>
    here.map(({ referenced }, part) => {
      parameters[`here${index}_${part}`] = driver.preparePersistentValue(
        referenced.getEntityValue(row),
        referenced,
      );
      return `:here${index}_${part}`;
    }),
  );
  const equals = keys.map((key) => key.map((value, part) => `${names[part]} = ${value}`).join(' AND '));
  const condition = here.length === 1 ? `${names[0]} IN (${keys.join(', ')})` : `(${equals.join(') OR (')})`;
  const query = runner.manager.createQueryBuilder().select([]).from(table.target, 'link');
  for (const [index, { column }] of [...here, ...there].entries()) {
    query.addSelect(nameOf(column), `c${index}`);
  }
  if (table.isJunction && other.deleteDateColumn) {
    const otherName = (column: Column): string =>
      `${driver.escape('other')}.${driver.escape(column.databaseName)}`;
    const isOther = there.map(({ column, referenced }) => `${nameOf(column)} = ${otherName(referenced)}`);
    const isThere = `${otherName(other.deleteDateColumn)} IS NULL`;
    query.innerJoin(other.target, 'other', [...isOther, isThere].join(' AND '));
  }
  const found = new Map<string, Map<string, ObjectLiteral>>();
  for (const raw of await query.where(`(${condition})`, parameters).getRawMany<ObjectLiteral>()) {
    const values = [...here, ...there].map(
      ({ referenced }, index) => driver.prepareHydratedValue(raw[`c${index}`], referenced) as unknown,
    );
    const key = keyText(values.slice(0, here.length));
    const id: ObjectLiteral = {};
    for (const [index, { referenced }] of there.entries()) {
      referenced.setEntityValue(id, values[here.length + index]);
    }
    const linked = found.get(key) ?? new Map<string, ObjectLiteral>();
    found.set(key, linked.set(rowKey(other, id), id));
  }
  return found;
}

function hereOf({ here }: LinkedRelation, row: ObjectLiteral): string {
  return keyText(here.map(({ referenced }) => referenced.getEntityValue(row) as unknown));
}

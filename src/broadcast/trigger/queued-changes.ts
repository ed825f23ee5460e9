import type { DataSource, EntityMetadata, ObjectLiteral, QueryRunner } from 'typeorm';
import type { BroadcastPlans } from '../broadcast-plans.js';
import type { Change } from '../change.js';
import { changeOf, UNIDENTIFIED } from '../change-of-event.js';
import { changeOfLink } from '../junction-sides.js';
import { type Reading, type Row, rowsOf } from '../read-entities.js';
import type { QueuedRow } from './change-queue.js';
import { tablePath } from './trigger-sql.js';
import { rootOf } from './watched-table.js';

/** What the rows of a transaction say, in the words of `@Broadcast`. */
export interface QueuedChanges {
  readonly changes: readonly Change[];
  /** Entities whose rows changed, nobody knows which. */
  readonly unnamed: readonly { readonly operation: 'update' | 'delete'; readonly metadata: EntityMetadata }[];
}

/** Turns what triggers wrote down into changes. */
export class QueuedChangeReader {
  /** By the source: tables of entities, and of junctions. */
  readonly #tables: ReadonlyMap<string, EntityMetadata>;

  constructor(
    { entityMetadatas }: DataSource,
    private readonly plans: BroadcastPlans,
  ) {
    this.#tables = new Map(
      entityMetadatas.map((metadata) => [
        metadata.tablePath,
        metadata.isJunction ? metadata : rootOf(metadata),
      ]),
    );
  }

  /**
   * One SELECT for each table in which there are rows: they are read back from JSON by the database and TypeORM, as
   * rows of the table would be.
   *
   * @throws what the driver throws
   */
  async read(queued: readonly QueuedRow[], runner: QueryRunner): Promise<QueuedChanges> {
    const images = await this.#readImages(queued, runner);
    const changes: Change[] = [];
    const unnamed: { operation: 'update' | 'delete'; metadata: EntityMetadata }[] = [];
    for (const row of queued) {
      const table = this.#tables.get(row.source);
      if (!table) continue;
      const found = images.get(imageName(row));
      if (row.key === null || !found) unnamed.push(...this.#unnamed(table));
      else if (table.isJunction) changes.push(...this.#links(found, table, row));
      else changes.push(...this.#change(found, table, row));
    }
    return { changes, unnamed };
  }

  /** Of each row that changed what it was at first, which is what its followers know. */
  async #readImages(queued: readonly QueuedRow[], runner: QueryRunner): Promise<Map<string, Image>> {
    const first = new Map<string, QueuedRow>();
    for (const row of queued) {
      if (row.key !== null && !first.has(imageName(row))) first.set(imageName(row), row);
    }
    const images = new Map<string, Image>();
    for (const [source, table] of this.#tables) {
      const wanted = [...first].filter(([, row]) => row.source === source);
      if (wanted.length === 0) continue;
      const texts = wanted.map(([, { key, image }]) => image ?? key!);
      const rows = await readImages(runner, this.#readingOf(table), texts);
      for (const [index, [name, { operation }]] of wanted.entries()) {
        images.set(name, { row: rows[index]!, isOld: operation !== 'insert' });
      }
    }
    return images;
  }

  /** Of what children need, the table's entity has every column and relation. */
  #readingOf(table: EntityMetadata): Reading {
    const known = new Set(table.relations.map(({ propertyPath }) => propertyPath));
    const wanted = this.plans.within(table).flatMap((each) => this.plans.readingOf(each).relations);
    const relations = [...new Set(wanted)].filter((path) => known.has(path));
    return { metadata: table, relations, linked: [] };
  }

  #change({ row, isOld }: Image, root: EntityMetadata, { operation, originator }: QueuedRow): Change[] {
    const metadata = root.findInheritanceMetadata(row.entity);
    const id = metadata.getEntityIdMap(row.entity);
    if (!id || (!this.plans.of(metadata) && this.plans.touchesOf(metadata).length === 0)) return [];
    const change = changeOf(OPERATIONS[operation], metadata, id, isOld ? row.entity : undefined);
    return [{ ...change, keys: isOld ? row.keys : {}, originator: originator ?? undefined }];
  }

  #links({ row }: Image, junction: EntityMetadata, { operation, originator }: QueuedRow): Change[] {
    return this.plans.sidesOf(junction).flatMap((side) => {
      const change = changeOfLink(row.entity, side, operation === 'insert');
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

interface Image {
  readonly row: Row;
  /** Whether it is of before the transaction; else nothing is known of that but that there was none. */
  readonly isOld: boolean;
}

const OPERATIONS = { insert: 'create', update: 'update', delete: 'delete', truncate: 'delete' } as const;

function imageName({ source, key }: QueuedRow): string {
  return `${source} ${key}`;
}

/**
 * Rows of a table in JSON, as SELECT would give them, in their order. They have different keys, so that TypeORM makes an
 * entity of each.
 */
async function readImages(
  runner: QueryRunner,
  { metadata, relations, linked }: Reading,
  texts: readonly string[],
): Promise<Row[]> {
  const table = tablePath({ schema: metadata.schema, name: metadata.tableName });
  const rows = (json: string): string =>
    `(SELECT * FROM jsonb_populate_recordset(CAST(NULL AS ${table}), CAST(${json} AS jsonb)))`;
  const images = `[${texts.join()}]`;
  if (metadata.isJunction) {
    const found = (await runner.query(`SELECT * FROM ${rows('$1')} link`, [images])) as ObjectLiteral[];
    return found.map((entity) => ({ entity, keys: {} }));
  }
  const query = runner.manager.createQueryBuilder<ObjectLiteral>(metadata.target, 'entity').withDeleted();
  query.expressionMap.mainAlias!.subQuery = rows(':images');
  query.setParameters({ images });
  if (relations.length > 0) query.loadAllRelationIds({ relations: [...relations], disableMixedMap: true });
  return rowsOf(runner, await query.getMany(), { metadata, relations, linked });
}

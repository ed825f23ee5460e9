import type { EntityMetadata } from 'typeorm';

/** A table that is watched by triggers, in the words of the database. */
export interface WatchedTable {
  /** What the queue's rows call it: TypeORM's path, with the schema where one is named. */
  readonly source: string;
  /** Undefined is where the search path finds it. */
  readonly schema: string | undefined;
  readonly name: string;
  /** The columns of its key. */
  readonly key: readonly string[];
  /** The columns that followers may see; none of a junction table, whose key says all. */
  readonly visible: readonly string[];
  /** The column that says which child of single-table inheritance a row is. */
  readonly discriminator: string | undefined;
}

/** Types that PostgreSQL turns into JSON it does not read back. */
const ONE_WAY: readonly unknown[] = ['hstore', 'geometry', 'geography'];

/**
 * The tables whose triggers tell the changes of an entity: its own, which children of single-table inheritance share
 * with their parent, and the junction tables of its many-to-many relations.
 */
export function watchedTables(metadata: EntityMetadata): WatchedTable[] {
  const family = familyOf(metadata);
  const junctions = family.flatMap(({ manyToManyRelations }) =>
    manyToManyRelations.flatMap(({ junctionEntityMetadata }) => junctionEntityMetadata ?? []),
  );
  return [entityTable(family), ...[...new Set(junctions)].map(junctionTable)];
}

/** The entity a table is made for: of single-table inheritance the parent of all. */
export function rootOf(metadata: EntityMetadata): EntityMetadata {
  const { parentEntityMetadata, tableType } = metadata;
  return tableType === 'entity-child' && parentEntityMetadata ? rootOf(parentEntityMetadata) : metadata;
}

function familyOf(metadata: EntityMetadata): readonly [EntityMetadata, ...EntityMetadata[]] {
  const root = rootOf(metadata);
  return [root, ...root.childEntityMetadatas];
}

function entityTable(family: readonly [EntityMetadata, ...EntityMetadata[]]): WatchedTable {
  const [root] = family;
  const columns = family
    .flatMap((each) => each.columns)
    .filter(({ isVirtualProperty }) => !isVirtualProperty);
  const hidden = new Set(
    columns.flatMap(({ isSelect, type, databaseName }) =>
      isSelect && !ONE_WAY.includes(type) ? [] : databaseName,
    ),
  );
  const visible = columns.map(({ databaseName }) => databaseName).filter((name) => !hidden.has(name));
  const discriminator = root.discriminatorColumn?.databaseName;
  return {
    ...named(root),
    visible: [...new Set([...visible, ...(discriminator === undefined ? [] : [discriminator])])].toSorted(),
    discriminator,
  };
}

function junctionTable(junction: EntityMetadata): WatchedTable {
  return { ...named(junction), visible: [], discriminator: undefined };
}

function named({ tablePath, tableName, schema, primaryColumns }: EntityMetadata) {
  return {
    source: tablePath,
    schema,
    name: tableName,
    key: primaryColumns.map(({ databaseName }) => databaseName),
  };
}

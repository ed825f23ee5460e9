import type { DataSource, EntityMetadata, QueryRunner, SelectQueryBuilder, ObjectLiteral } from 'typeorm';
import type { ConflictClause } from './unique-keys.js';

/** A query builder of TypeORM, as far as it is used here: the same in 0.3 and 1.x, which their types are not. */
export interface Builder {
  readonly expressionMap: {
    readonly queryType: string;
    readonly aliases: unknown[];
    readonly mainAlias?: {
      readonly name: string;
      readonly hasMetadata: boolean;
      readonly metadata: EntityMetadata;
    };
    readonly callListeners: boolean;
    readonly useTransaction: boolean;
    readonly updateEntity: boolean;
    readonly whereEntities: readonly unknown[];
    readonly wheres: readonly unknown[];
    readonly valuesSet?: ObjectLiteral | readonly ObjectLiteral[];
    /** Of an INSERT: property paths of the columns it was told to fill. */
    readonly insertColumns?: readonly string[];
    readonly insertFromSelect?: unknown;
    readonly onIgnore?: unknown;
    readonly onConflict?: unknown;
    readonly onUpdate?: ConflictClause & {
      readonly overwrite?: readonly string[];
      readonly columns?: readonly string[];
    };
    readonly limit?: number;
    orderBys: object;
    returning: unknown;
    extraReturningColumns: unknown[];
  };
  queryRunner?: QueryRunner | undefined;
  clone(): Builder;
  select(alias: string): SelectQueryBuilder<ObjectLiteral>;
}

/** What `execute()` of a builder that writes resolves with: `UpdateResult`, `DeleteResult`, `InsertResult`. */
export interface WriteResult {
  raw: unknown;
  affected?: number | null | undefined;
}

/** Watches what builders execute. */
export interface BuilderWatcher {
  /** Does a builder's work: `run` is its own `execute()`. */
  execute(builder: Builder, run: () => Promise<WriteResult>): Promise<WriteResult>;
  /** A builder that executes has made its statement, and sends it next. */
  sends(query: string): void;
}

type Method = (this: object, ...values: unknown[]) => unknown;

type TypeOrmMethods = Readonly<Methods & { getQueryAndParameters: Method }>;

/** What a builder has of its own: what returns a builder of its kind or another, and what it executes. */
type Methods = Record<(typeof DERIVING)[number] | 'execute', Method>;

const DERIVING = [
  'select',
  'insert',
  'update',
  'delete',
  'softDelete',
  'restore',
  'relation',
  'clone',
  'createQueryBuilder',
] as const;

/** Who watches a DataSource: however many they are, a builder is watched once. */
const watchers = new WeakMap<DataSource, BuilderWatcher[]>();

/**
 * Lets the query builders of a DataSource hand over what they execute: TypeORM's events of `update()`, `delete()` and
 * their kin do not say which rows they are about, and only the builder knows its condition.
 *
 * It is the one method of this DataSource that every builder comes from which is replaced; what it returns, and what is
 * derived from that, has methods of its own. Neither TypeORM's classes nor other DataSources are touched.
 */
export function watchBuilders(dataSource: DataSource, watcher: BuilderWatcher): void {
  const others = watchers.get(dataSource);
  if (others) return void others.push(watcher);
  const all = [watcher];
  watchers.set(dataSource, all);
  const watch = watching({
    execute: (builder, run) =>
      all.reduce<() => Promise<WriteResult>>((inner, each) => () => each.execute(builder, inner), run)(),
    sends: (query) => all.forEach((each) => each.sends(query)),
  });
  const create = dataSource.createQueryBuilder.bind(dataSource) as (...values: unknown[]) => object;
  dataSource.createQueryBuilder = ((...values: unknown[]) =>
    watch(create(...values))) as DataSource['createQueryBuilder'];
}

/**
 * Gives builders methods of their own. A class that extends TypeORM's would have to copy each builder with all that it
 * was told, twice for each row that is saved (25 µs of 160), and another prototype costs every find.
 */
function watching(watcher: BuilderWatcher): (builder: object) => object {
  const methodsOf = new Map<TypeOrmMethods, Methods>();

  function watch(builder: object): object {
    if (Object.hasOwn(builder, 'execute')) return builder;
    const prototype = Object.getPrototypeOf(builder) as TypeOrmMethods;
    let methods = methodsOf.get(prototype);
    if (!methods) methodsOf.set(prototype, (methods = methodsFor(prototype)));
    return Object.assign(builder, methods);
  }

  function methodsFor(own: TypeOrmMethods): Methods {
    const deriving = DERIVING.map((name) => {
      const derived: Method = function (...values) {
        return watch(own[name].apply(this, values) as object);
      };
      return [name, derived] as const;
    });
    function making(this: object, ...values: unknown[]): unknown {
      const made = own.getQueryAndParameters.apply(this, values) as [query: string, parameters: unknown[]];
      watcher.sends(made[0]);
      return made;
    }
    function execute(this: object): Promise<WriteResult> {
      // From now on: whoever asks a builder for its text before may send that as raw SQL.
      Object.assign(this, { getQueryAndParameters: making });
      return watcher.execute(this as Builder, () => own.execute.call(this) as Promise<WriteResult>);
    }
    return { ...(Object.fromEntries(deriving) as Methods), execute };
  }

  return watch;
}

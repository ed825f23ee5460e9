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

/** Does a builder's work: `run` is its own `execute()`. */
export type Execute = (builder: Builder, run: () => Promise<WriteResult>) => Promise<WriteResult>;

type Method = (this: object, ...values: unknown[]) => unknown;
type BuilderClass = new (...values: never[]) => object;

/** What returns a builder of another kind. `clone()` and `createQueryBuilder()` ask the constructor. */
const DERIVING = ['select', 'insert', 'update', 'delete', 'softDelete', 'restore', 'relation'] as const;

/** Who watches a DataSource: however many they are, its builders are of one more class, not of one for each. */
const watchers = new WeakMap<DataSource, Execute[]>();

/**
 * Lets the query builders of a DataSource hand over what they execute: TypeORM's events of `update()`, `delete()` and
 * their kin do not say which rows they are about, and only the builder knows its condition.
 *
 * It is the one method of this DataSource that every builder comes from which is replaced; what it returns, and what is
 * derived from that, is of a class that extends TypeORM's own. Neither TypeORM's classes nor other
 * DataSources are touched.
 */
export function watchBuilders(dataSource: DataSource, execute: Execute): void {
  const others = watchers.get(dataSource);
  if (others) return void others.push(execute);
  const all = [execute];
  watchers.set(dataSource, all);
  deriveBuilders(dataSource, (builder, run) =>
    all.reduce<() => Promise<WriteResult>>((inner, each) => () => each(builder, inner), run)(),
  );
}

function deriveBuilders(dataSource: DataSource, execute: Execute): void {
  const watchedOf = new Map<unknown, BuilderClass>();
  const watched = new Set<unknown>();

  function adopt(builder: object): object {
    const Base = builder.constructor as BuilderClass;
    if (watched.has(Base)) return builder;
    // A builder made of another goes on with what that was told. To change its prototype instead costs every find.
    return new (watchedOf.get(Base) ?? derive(Base))(builder as never);
  }

  function derive(Base: BuilderClass): BuilderClass {
    const Watched = class extends Base {};
    const own = Base.prototype as Record<string, Method>;
    const methods: Record<string, unknown> = {};
    for (const name of DERIVING) {
      methods[name] = function derived(this: object, ...values: unknown[]): unknown {
        return adopt(own[name]!.apply(this, values) as object);
      };
    }
    methods['execute'] = function executed(this: object): Promise<WriteResult> {
      return execute(this as Builder, () => own['execute']!.call(this) as Promise<WriteResult>);
    };
    Object.defineProperties(Watched.prototype, descriptorsOf(methods));
    Object.defineProperty(Watched, 'name', { value: Base.name });
    watchedOf.set(Base, Watched);
    watched.add(Watched);
    return Watched;
  }

  const create = dataSource.createQueryBuilder.bind(dataSource) as (...values: unknown[]) => object;
  dataSource.createQueryBuilder = ((...values: unknown[]) => {
    const builder = create(...values);
    const { mainAlias } = (builder as Builder).expressionMap;
    if (!mainAlias) return adopt(builder);
    // Of a copy, the main alias is not the one among all: it is told what to select again.
    const [, , runner] = values;
    const { name, metadata } = mainAlias;
    return (adopt(create(runner)) as Builder).select(name).from(metadata.target, name);
  }) as DataSource['createQueryBuilder'];
}

/** Like the methods of a class: they can be replaced, and are not listed. */
function descriptorsOf(methods: Readonly<Record<string, unknown>>): PropertyDescriptorMap {
  return Object.fromEntries(
    Object.entries(methods).map(([name, value]) => [name, { value, writable: true, configurable: true }]),
  );
}

import type { DataSource, EntityMetadata, QueryRunner, SelectQueryBuilder, ObjectLiteral } from 'typeorm';

/** A query builder of TypeORM, as far as it is used here: the same in 0.3 and 1.x, which their types are not. */
export interface Builder {
  readonly expressionMap: {
    readonly queryType: string;
    readonly aliases: unknown[];
    readonly mainAlias?: { readonly hasMetadata: boolean; readonly metadata: EntityMetadata };
    readonly callListeners: boolean;
    readonly useTransaction: boolean;
    readonly whereEntities: readonly unknown[];
    readonly wheres: readonly unknown[];
    readonly valuesSet?: unknown;
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
type BuilderClass = (new (...values: never[]) => object) & { readonly prototype: Record<string, Method> };

/** What returns a builder of another kind. `clone()` and `createQueryBuilder()` ask the constructor. */
const DERIVING = ['select', 'insert', 'update', 'delete', 'softDelete', 'restore', 'relation'] as const;

/**
 * Lets the query builders of a DataSource hand over what they execute: TypeORM's events of `update()`, `delete()` and
 * their kin do not say which rows they are about, and only the builder knows its condition.
 *
 * It is the one method of this DataSource that every builder comes from which is replaced; what it returns, and what is
 * derived from that, is of a prototype between the builder and TypeORM's own. Neither TypeORM's classes nor other
 * DataSources are touched.
 */
export function watchBuilders(dataSource: DataSource, execute: Execute): void {
  const prototypes = new Map<unknown, object>();
  const watched = new WeakSet<object>();

  function adopt(builder: object): object {
    const Base = builder.constructor as BuilderClass;
    const known = prototypes.get(Base);
    if (watched.has(Object.getPrototypeOf(builder) as object)) return builder;
    const prototype = known ?? derive(Base);
    if (!known) prototypes.set(Base, prototype);
    return Object.setPrototypeOf(builder, prototype) as object;
  }

  function derive(Base: BuilderClass): object {
    const construct = (_Base: object, values: never[]): object => adopt(new Base(...values));
    const methods: Record<string, unknown> = { constructor: new Proxy(Base, { construct }) };
    for (const name of DERIVING) {
      methods[name] = function derived(this: object, ...values: unknown[]): unknown {
        return adopt(Base.prototype[name]!.apply(this, values) as object);
      };
    }
    methods['execute'] = function executed(this: object): Promise<WriteResult> {
      return execute(this as Builder, () => Base.prototype['execute']!.call(this) as Promise<WriteResult>);
    };
    const prototype = Object.create(Base.prototype, descriptorsOf(methods)) as object;
    watched.add(prototype);
    return prototype;
  }

  const create = dataSource.createQueryBuilder.bind(dataSource) as (...values: unknown[]) => object;
  dataSource.createQueryBuilder = ((...values: unknown[]) =>
    adopt(create(...values))) as DataSource['createQueryBuilder'];
}

/** Like the methods of a class: they can be replaced, and are not listed. */
function descriptorsOf(methods: Readonly<Record<string, unknown>>): PropertyDescriptorMap {
  return Object.fromEntries(
    Object.entries(methods).map(([name, value]) => [name, { value, writable: true, configurable: true }]),
  );
}

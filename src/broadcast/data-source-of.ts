import type { DataSource } from 'typeorm';

/** The DataSource of an event or a query runner. TypeORM 0.3 only has `connection`, which 1.x deprecates. */
export function dataSourceOf(source: { readonly dataSource: DataSource }): DataSource {
  const { dataSource, connection } = source as { dataSource?: DataSource; connection: DataSource };
  return dataSource ?? connection;
}

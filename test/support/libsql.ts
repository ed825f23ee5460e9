import Database from 'libsql';

/**
 * libsql as TypeORM calls it. A single parameter that is NULL it takes for a list of parameters, and fails
 * ("failed to downcast any to object", 0.5.29): `UPDATE … SET "author" = ? WHERE "id" IN (1)`.
 */
export class Libsql extends Database {
  override prepare: Database.Database['prepare'] = (sql: string) => {
    const statement = super.prepare(sql);
    const run = statement.run.bind(statement);
    const all = statement.all.bind(statement);
    statement.run = (...values) => run(...listOf(values));
    statement.all = (...values) => all(...listOf(values));
    return statement as never;
  };
}

function listOf(values: unknown[]): unknown[] {
  return values.length === 1 && values[0] === null ? [values] : values;
}

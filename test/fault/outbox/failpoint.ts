import type { QueryRunner } from 'typeorm';

/**
 * `unsent`: instead of sending COMMIT. `answered`: when its answer has come, before anybody hears of it. `held`: never by
 * itself, but COMMIT is not sent, which is said aloud; not with SQLite, which cannot wait.
 */
export type CommitMoment = 'unsent' | 'answered' | 'held';

/** What is used of the drivers' connections: pg resolves, mysql2 calls back, and SQLite prepares. */
interface Connection {
  query?: (sql: unknown, ...rest: unknown[]) => unknown;
  prepare: (sql: string) => { run: (...values: unknown[]) => unknown };
}

/** As a crash does it: nothing is flushed, nobody is told. */
export function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** Ends the process at the next COMMIT of a runner, in the driver itself. */
export async function dieAtCommit(runner: QueryRunner, moment: CommitMoment): Promise<void> {
  const connection = (await runner.connect()) as Connection;
  if (connection.query) watchQuery(connection, moment);
  else watchPrepare(connection, moment);
}

function watchQuery(connection: Connection, moment: CommitMoment): void {
  const query = connection.query!.bind(connection);
  connection.query = (sql, ...rest) => {
    if (sql !== 'COMMIT') return query(sql, ...rest);
    if (moment === 'unsent') return die();
    if (moment === 'held') {
      console.log('holding COMMIT');
      return new Promise(() => undefined);
    }
    const callback = rest.findIndex((each) => typeof each === 'function');
    if (callback >= 0) return query(sql, ...rest.with(callback, die));
    return (query(sql, ...rest) as Promise<unknown>).finally(die);
  };
}

function watchPrepare(connection: Connection, moment: CommitMoment): void {
  const prepare = connection.prepare.bind(connection);
  connection.prepare = (sql) => {
    const statement = prepare(sql);
    if (sql !== 'COMMIT') return statement;
    const run = statement.run.bind(statement);
    statement.run = (...values) => {
      if (moment === 'answered') run(...values);
      return die();
    };
    return statement;
  };
}

import { createHash } from 'node:crypto';
import type { DataSource, DataSourceOptions, QueryRunner } from 'typeorm';
import { MercureError } from '../../errors.js';
import type { OutboxSession } from './outbox-session.js';
import { outboxEngine } from './outbox-sql.js';

/** Milliseconds after which a statement that was not answered is given up: the connection may be to nowhere. */
const ANSWER_MS = 30_000;

/** A session of its own on a database server; the lock is the session's. */
export class ServerSession implements OutboxSession {
  #own: Promise<{ readonly dataSource: DataSource; readonly runner: QueryRunner }> | undefined;
  #leads = false;
  #isClosed = false;
  readonly #isPostgres: boolean;

  /**
   * @param application whose database it is
   * @param table whose rows the leader works off, as statements spell it: the lock's name is made of it
   * @param use what needs a session, as the beginning of an error, and what does without
   */
  constructor(
    private readonly application: DataSource,
    private readonly table: string,
    private readonly use: { readonly what: string; readonly otherwise: string },
  ) {
    this.#isPostgres = outboxEngine(application) === 'postgres';
  }

  async lead(): Promise<boolean> {
    if (!this.#leads) this.#leads = await (this.#isPostgres ? this.#tryPostgres() : this.#tryMysql());
    return this.#leads;
  }

  async query(sql: string, parameters?: unknown[]): Promise<unknown> {
    const { runner } = await this.#session();
    return answered(runner.query(sql, parameters));
  }

  async reset(): Promise<void> {
    const own = this.#own;
    this.#own = undefined;
    this.#leads = false;
    // The lock goes with the connection, which a pool would keep.
    await own?.then(({ dataSource }) => dataSource.destroy()).catch(() => undefined);
  }

  /** Its number is of one database, as the lock is. */
  async #tryPostgres(): Promise<boolean> {
    const key = createHash('sha256').update(`mercure ${this.table}`).digest().readBigInt64BE();
    const [answer] = (await this.query('SELECT pg_try_advisory_lock($1) AS leads', [String(key)])) as {
      leads: boolean;
    }[];
    return answer!.leads;
  }

  /** Its name is of the whole server, and has at most 64 characters. */
  async #tryMysql(): Promise<boolean> {
    const [where] = (await this.query('SELECT DATABASE() AS name')) as { name: string }[];
    const name = createHash('sha256')
      .update(`mercure ${this.table} ${where!.name}`)
      .digest('hex')
      .slice(0, 40);
    const [answer] = (await this.query('SELECT GET_LOCK(?, 0) AS leads', [`mercure ${name}`])) as {
      leads: number | string;
    }[];
    return Number(answer!.leads) === 1;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.reset();
  }

  async #session(): Promise<{ readonly dataSource: DataSource; readonly runner: QueryRunner }> {
    if (this.#isClosed) throw new Error('The outbox is closed');
    this.#own ??= this.#open();
    return this.#own;
  }

  async #open(): Promise<{ readonly dataSource: DataSource; readonly runner: QueryRunner }> {
    const dataSource = await answered(aloneLike(this.application).initialize());
    try {
      const runner = dataSource.createQueryRunner();
      const client: unknown = await answered(runner.connect());
      if (this.#isPostgres) await refusePooler(client, runner, this.use);
      return { dataSource, runner };
    } catch (error) {
      await dataSource.destroy();
      throw error;
    }
  }
}

/** A DataSource to the same database with nothing in it: neither entities nor the application's pool. */
function aloneLike(application: DataSource): DataSource {
  const options = {
    ...application.options,
    entities: [],
    subscribers: [],
    migrations: [],
    synchronize: false,
    dropSchema: false,
    migrationsRun: false,
    cache: false,
    logging: false,
  };
  // The application's own copy of TypeORM: this package must load without any.
  return new (application.constructor as new (options: DataSourceOptions) => DataSource)(options);
}

/**
 * Behind a pooler that gives every transaction another session a lock is nobody's, and stays when its taker is gone. A
 * pooler makes up the number of the process that serves a client.
 */
async function refusePooler(
  client: unknown,
  runner: QueryRunner,
  { what, otherwise }: { readonly what: string; readonly otherwise: string },
): Promise<void> {
  const [{ pid }] = (await runner.query('SELECT pg_backend_pid() AS pid')) as [{ pid: number }];
  const { processID } = client as { processID?: number };
  if (processID === undefined || processID === pid) return;
  const remedy = `Give the DataSource a direct connection, or ${otherwise}.`;
  throw new MercureError(
    'OPTIONS_INVALID',
    500,
    `${what} needs a session of PostgreSQL, and there is a pooler before it. ${remedy}`,
    remedy,
  );
}

function answered<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`The database did not answer in ${ANSWER_MS} ms`)), ANSWER_MS);
    timer.unref();
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

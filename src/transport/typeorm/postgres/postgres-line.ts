import { StoreFault } from '../store-fault.js';
import { postgresFault } from './postgres-fault.js';

/** What is used of node-postgres' client. */
export interface PostgresClient {
  /** As the server told it when connecting. */
  readonly processID?: number;
  query(query: {
    text: string;
    values?: readonly unknown[];
    rowMode: 'array';
  }): Promise<{ rows: unknown[][] }>;
  on(event: 'notification', listener: (message: { payload?: string }) => void): this;
  on(event: 'error' | 'end', listener: (error?: Error) => void): this;
}

/** Takes a connection of its own; the second gives it back, or ends it where an error is given. */
export type ObtainClient = () => Promise<[client: PostgresClient, release: (error?: Error) => void]>;

/** Answers rows as arrays. @throws StoreFault */
export type Query = (text: string, values?: readonly unknown[]) => Promise<unknown[][]>;

interface Held {
  readonly client: PostgresClient;
  readonly end: (error?: Error) => void;
}

/**
 * One connection, opened when it is needed and given up when it fails or does not answer: what is asked next opens
 * another. Statements have no names, so that a pooler may stand in between.
 */
export class PostgresLine {
  /** Called with each client that is opened, before it is used. */
  onOpen: ((client: PostgresClient) => void) | undefined;
  private held: Promise<Held> | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(
    private readonly obtain: ObtainClient,
    private readonly timeoutMs: number,
  ) {}

  /** Rows as arrays. One statement at a time, so that each has its own time. @throws StoreFault */
  query(text: string, values: readonly unknown[] = []): Promise<unknown[][]> {
    const result = this.last.then(() => this.queryNow(text, values));
    this.last = result.catch(() => undefined);
    return result;
  }

  private async queryNow(text: string, values: readonly unknown[]): Promise<unknown[][]> {
    const { client, end } = await this.open();
    try {
      return await this.inTime(run(client, text, values));
    } catch (error) {
      const fault = postgresFault(error);
      if (fault.kind === 'lost') end(fault);
      throw fault;
    }
  }

  /** Statements of one transaction. @throws StoreFault */
  async transaction(statements: (query: Query) => Promise<void>): Promise<void> {
    await this.query('BEGIN');
    try {
      await statements((text, values) => this.query(text, values));
      await this.query('COMMIT');
    } catch (error) {
      await this.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  /** Opens where it is not open. @throws StoreFault */
  async open(): Promise<Held> {
    if (this.closed) throw new StoreFault('away', 'it is closed');
    this.held ??= this.connect();
    return this.held;
  }

  async close(): Promise<void> {
    this.closed = true;
    const held = await this.held?.catch(() => undefined);
    held?.end(new Error('closed'));
  }

  private async connect(): Promise<Held> {
    try {
      const [client, release] = await this.inTime(this.obtain());
      let ended = false;
      const end = (error?: Error): void => {
        if (ended) return;
        ended = true;
        this.held = undefined;
        release(error ?? new Error('ended'));
      };
      client.on('error', end);
      client.on('end', end);
      this.onOpen?.(client);
      return { client, end };
    } catch (error) {
      this.held = undefined;
      throw new StoreFault('away', postgresFault(error).reason, { cause: error });
    }
  }

  private async inTime<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new StoreFault('lost', 'it does not answer')), this.timeoutMs);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

async function run(client: PostgresClient, text: string, values: readonly unknown[]): Promise<unknown[][]> {
  const { rows } = await client.query({ text, values, rowMode: 'array' });
  return rows;
}

import { StoreFault } from './store-fault.js';

/** Answers rows as arrays. @throws StoreFault */
export type Query = (text: string, values?: readonly unknown[]) => Promise<unknown[][]>;

/** How one driver's connections are had and used. */
export interface LineDriver<Client> {
  /** Takes a connection that nobody else uses; `end` closes it. */
  obtain(): Promise<{ readonly client: Client; readonly end: (error: Error) => void }>;
  run(client: Client, text: string, values: readonly unknown[]): Promise<unknown[][]>;
  /** What an error of the driver means. */
  faultOf(error: unknown): StoreFault;
  /** Calls back when the connection is lost while nobody asks. */
  onLost(client: Client, lost: () => void): void;
}

interface Held<Client> {
  readonly client: Client;
  readonly end: (error: Error) => void;
}

/**
 * One connection, opened when it is needed and given up when it fails or does not answer: what is asked next opens
 * another. One statement at a time, so that each has its own time.
 */
export class Line<Client> {
  /** Called with each connection that is opened, before it is used. */
  onOpen: ((client: Client) => void) | undefined;
  /** How many connections were opened. */
  opened = 0;
  private held: Promise<Held<Client>> | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private closed = false;

  /** @param timeoutMs how long a statement may take */
  constructor(
    private readonly driver: LineDriver<Client>,
    private readonly timeoutMs: number,
  ) {}

  /** @throws StoreFault */
  query(text: string, values: readonly unknown[] = []): Promise<unknown[][]> {
    return this.inTurn(() => this.queryNow(text, values));
  }

  /** Statements of one transaction, between which nobody else's come. @throws StoreFault */
  transaction<T>(statements: (query: Query) => Promise<T>, begin = 'BEGIN'): Promise<T> {
    return this.inTurn(async () => {
      await this.queryNow(begin);
      try {
        const result = await statements((text, values) => this.queryNow(text, values));
        await this.queryNow('COMMIT');
        return result;
      } catch (error) {
        // Where even that fails, the connection goes, and the transaction with it.
        await this.queryNow('ROLLBACK').catch((fault: Error) => this.giveUp(fault));
        throw error;
      }
    });
  }

  /** The connection itself, opened where it is not. @throws StoreFault */
  async client(): Promise<Client> {
    const { client } = await this.open();
    return client;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.giveUp(new Error('closed'));
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work);
    this.last = result.catch(() => undefined);
    return result;
  }

  private async queryNow(text: string, values: readonly unknown[] = []): Promise<unknown[][]> {
    const { client, end } = await this.open();
    try {
      return await this.inTime(this.driver.run(client, text, values));
    } catch (error) {
      const fault = this.driver.faultOf(error);
      if (fault.kind === 'lost') end(fault);
      throw fault;
    }
  }

  private open(): Promise<Held<Client>> {
    if (this.closed) return Promise.reject(new StoreFault('away', 'it is closed'));
    this.held ??= this.connect();
    return this.held;
  }

  private async giveUp(reason: Error): Promise<void> {
    const held = await this.held?.catch(() => undefined);
    held?.end(reason);
  }

  private async connect(): Promise<Held<Client>> {
    const obtained = this.driver.obtain();
    try {
      const { client, end } = await this.inTime(obtained);
      this.opened++;
      let ended = false;
      const endOnce = (error: Error): void => {
        if (ended) return;
        ended = true;
        this.held = undefined;
        end(error);
      };
      this.driver.onLost(client, () => endOnce(new Error('lost')));
      this.onOpen?.(client);
      return { client, end: endOnce };
    } catch (error) {
      this.held = undefined;
      // One that comes too late is nobody's, and the pool would wait for it for ever: after a few, for all of its own.
      obtained.then(
        ({ end }) => end(new Error('late')),
        () => undefined,
      );
      throw new StoreFault('away', this.driver.faultOf(error).reason, { cause: error });
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

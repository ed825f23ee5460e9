import { MercureError } from '../../../errors.js';
import { StoreFault } from '../store-fault.js';
import { sqliteFault } from './sqlite-driver.js';

/** Between two tries while the file is another's. Milliseconds. */
const RETRY_MS = 5;

interface Waiting {
  /** @returns whether it is over, done or failed */
  readonly attempt: () => boolean;
  readonly giveUp: () => void;
  readonly deadline: number;
}

/**
 * Lets statements write when they do not stand in anybody's way: SQLite has one writer at a time, and waiting for it in
 * the driver would stop the whole process. What cannot write now is tried again, in its order, soon and whenever
 * `retryNow` says that a transaction has ended.
 */
export class WriteGate {
  private waiting: Waiting[] = [];
  private timer: NodeJS.Timeout | undefined;

  /** @param isTaken whether the application has a transaction open that writing now would break */
  constructor(private readonly isTaken: () => boolean) {}

  /**
   * Runs a statement: at once where that is possible, else as soon as it is.
   *
   * @param deadline until when it may wait, by `performance.now()`
   * @throws StoreFault `busy` when it was not possible in time; MercureError what the statement itself says
   */
  run<T>(statement: () => T, deadline: number): Promise<T> {
    return new Promise((resolve, reject) => {
      let busy = new StoreFault('busy', 'a transaction of the application has been open for too long');
      const attempt = (): boolean => {
        if (this.isTaken()) return false;
        try {
          resolve(statement());
        } catch (error) {
          const fault = sqliteFault(error);
          if (fault.kind === 'busy') {
            busy = fault;
            return false;
          }
          reject(error instanceof MercureError ? error : fault);
        }
        return true;
      };
      if (this.waiting.length === 0 && attempt()) return;
      this.waiting.push({ attempt, giveUp: () => reject(busy), deadline });
      this.retryLater();
    });
  }

  /** Tries what waits; at the end of a transaction this is the moment before the next begins. */
  retryNow(): void {
    while (this.waiting[0]?.attempt()) this.waiting.shift();
    const now = performance.now();
    for (const late of this.waiting.filter(({ deadline }) => deadline <= now)) late.giveUp();
    this.waiting = this.waiting.filter(({ deadline }) => deadline > now);
    if (this.waiting.length > 0) this.retryLater();
  }

  private retryLater(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.retryNow();
    }, RETRY_MS);
  }
}

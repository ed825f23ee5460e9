import { Histogram } from './histogram.js';

const HANG_GUARD_MS = 60_000;
const FAULTS_TOLD = 5;

interface Wanted {
  readonly deliveries: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** What all streams of a client process have received together. */
export class Tally {
  deliveries = 0;
  readonly faults: string[] = [];
  latencies = new Histogram();
  /** Chunks of HTTP/1.1, of which a hub makes one for whatever it writes at once. */
  writes = 0;
  /** When the first and the last came, of those counted; microseconds of the machine's clock. */
  firstAt = 0;
  lastAt = 0;
  private wanted: Wanted | undefined;

  delivered(publishedAt: number, now: number): void {
    this.latencies.add(now - publishedAt);
    this.firstAt ||= now;
    this.lastAt = now;
    if (++this.deliveries === this.wanted?.deliveries) this.wanted.resolve();
  }

  /** Forgets when deliveries came, not how many. */
  reset(): void {
    this.latencies = new Histogram();
    this.firstAt = 0;
    this.writes = 0;
  }

  fault(fault: string): void {
    if (this.faults.length < FAULTS_TOLD) this.faults.push(fault);
    // Nobody waits for the rest of a run that has failed.
    this.wanted?.reject(new Error(this.faults.join('; ')));
  }

  /**
   * Resolves when so many deliveries have been received since the process began.
   *
   * @throws Error when none comes any more, or what `check` throws
   */
  async reach(deliveries: number): Promise<void> {
    if (this.deliveries < deliveries && this.faults.length === 0) {
      let seen = -1;
      let guard: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve, reject) => {
        this.wanted = { deliveries, resolve, reject };
        guard = setInterval(() => {
          if (this.deliveries === seen) reject(new Error(this.lost(deliveries)));
          seen = this.deliveries;
        }, HANG_GUARD_MS);
      }).finally(() => {
        clearInterval(guard);
        this.wanted = undefined;
      });
    }
    this.check(deliveries);
  }

  /** @throws Error when something was received that was not to come, or not so */
  check(deliveries: number): void {
    if (this.deliveries > deliveries)
      this.fault(`${this.deliveries} deliveries where there are ${deliveries}`);
    if (this.faults.length > 0) throw new Error(this.faults.join('; '));
  }

  private lost(deliveries: number): string {
    return [`${deliveries - this.deliveries} of ${deliveries} deliveries never came`, ...this.faults].join(
      '; ',
    );
  }
}

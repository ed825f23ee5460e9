/** Buckets a factor of 1.01 apart: enough for any figure that is told with two digits. */
const STEPS = 1 / Math.log(1.01);
const BUCKETS = 2500;

/** Counts of values from 1 to 10¹⁰, by size. */
export class Histogram {
  private readonly counts = new Uint32Array(BUCKETS);
  private total = 0;

  add(value: number): void {
    this.counts[value < 1 ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log(value) * STEPS))]!++;
    this.total++;
  }

  /** The value that a share of all values does not exceed; 0 where there is none. */
  percentile(share: number): number {
    let rest = Math.ceil(this.total * share);
    for (const [bucket, count] of this.counts.entries()) {
      rest -= count;
      if (rest <= 0 && this.total > 0) return Math.exp((bucket + 0.5) / STEPS);
    }
    return 0;
  }
}

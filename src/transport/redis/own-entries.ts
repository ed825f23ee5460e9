import { numberOf } from './position.js';

interface OwnEntry {
  readonly generation: number;
  readonly epoch: string;
  readonly entry: string;
}

/**
 * What this node appended, was told to be stored, and has not read yet: its tail must come to it. A server that loses its
 * end loses the newest first, so the newest of each connection stands for all that were stored over it.
 */
export class OwnEntries {
  private entries: OwnEntry[] = [];

  /** @param generation of the connection it was appended over */
  add(generation: number, epoch: string, entry: string): void {
    if (this.entries.at(-1)?.generation === generation) this.entries.pop();
    this.entries.push({ generation, epoch, entry });
  }

  /** The number of the newest of an epoch; 0: none is to come. */
  newestOf(epoch: string): number {
    return Math.max(0, ...this.entries.map((each) => (each.epoch === epoch ? numberOf(each.entry) : 0)));
  }

  /** Whether one should be among entries that follow each other and is not; those that the entries reach are forgotten. */
  isMissingIn(epoch: string, line: readonly (readonly [entry: string, ...unknown[]])[]): boolean {
    const first = numberOf(line[0]![0]);
    const last = numberOf(line.at(-1)![0]);
    const reached = this.entries.filter((each) => each.epoch === epoch && numberOf(each.entry) <= last);
    if (reached.length === 0) return false;
    this.entries = this.entries.filter((each) => !reached.includes(each));
    return reached.some(({ entry }) => numberOf(entry) >= first && !line.some(([there]) => there === entry));
  }

  /** Forgets what can come no more. */
  cutAt(epoch: string, last: string): void {
    this.entries = this.entries.filter(
      (each) => each.epoch === epoch && numberOf(each.entry) <= numberOf(last),
    );
  }
}

/** Something whose tables can be dropped at any time and are filled in again as needed. */
export interface Tables {
  /** Drops the tables. */
  forget(): void;
}

/**
 * A bound on the memory of all lazily filled tables together. When it is reached, those that have gone longest
 * without growing are dropped. Tables of a pattern nobody holds any more stay until then, never longer.
 */
export class TableBudget {
  private readonly owners = new Map<Tables, number>();
  private total = 0;

  /** @param maxBytes the bound on the charges of all owners together */
  constructor(private readonly maxBytes: number) {}

  /** The bytes charged now. */
  get bytes(): number {
    return this.total;
  }

  /** Books bytes on an owner, and makes others (and at last itself) drop theirs while the sum is over the bound. */
  charge(owner: Tables, bytes: number): void {
    const held = this.owners.get(owner) ?? 0;
    this.owners.delete(owner);
    this.owners.set(owner, held + bytes);
    this.total += bytes;
    for (const [oldest] of this.owners) {
      if (this.total <= this.maxBytes) return;
      oldest.forget();
    }
  }

  /** Takes back everything booked on an owner. */
  refund(owner: Tables): void {
    this.total -= this.owners.get(owner) ?? 0;
    this.owners.delete(owner);
  }
}

/** The tables of all patterns of this process share 64 MiB. */
export const sharedTables = new TableBudget(64 * 1024 * 1024);

/** A map from texts that forgets what was not used for longest once its entries are worth more than so many bytes. */
export class ByteCache<V> {
  private readonly entries = new Map<string, { readonly value: V; readonly bytes: number }>();
  private total = 0;

  /** @param maxBytes the bound on the bytes of all entries together */
  constructor(private readonly maxBytes: number) {}

  /** The bytes held now. */
  get bytes(): number {
    return this.total;
  }

  get size(): number {
    return this.entries.size;
  }

  get(key: string): V | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  /** @param bytes what the entry costs beside its key */
  set(key: string, value: V, bytes: number): void {
    const before = this.entries.get(key);
    if (before !== undefined) this.drop(key, before.bytes);
    // A slot of the map and its record take about a hundred bytes, a text up to two bytes a character.
    const cost = bytes + key.length * 2 + 100;
    if (cost > this.maxBytes) return;
    this.entries.set(key, { value, bytes: cost });
    this.total += cost;
    for (const [oldest, { bytes: freed }] of this.entries) {
      if (this.total <= this.maxBytes) break;
      this.drop(oldest, freed);
    }
  }

  clear(): void {
    this.entries.clear();
    this.total = 0;
  }

  private drop(key: string, bytes: number): void {
    this.entries.delete(key);
    this.total -= bytes;
  }
}

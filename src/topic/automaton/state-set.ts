const CAPACITY = 256;

/** A set of automaton states, in the order in which they were added. */
export class StateSet {
  readonly members = new Uint8Array(CAPACITY);
  size = 0;
  private readonly seen = new Int32Array(CAPACITY / 32);

  clear(): void {
    this.size = 0;
    this.seen.fill(0);
  }

  /** Whether the state was added or marked. */
  has(state: number): boolean {
    return (this.seen[state >> 5]! & (1 << (state & 31))) !== 0;
  }

  /** Remembers that the state was visited, without making it a member. */
  mark(state: number): void {
    this.seen[state >> 5]! |= 1 << (state & 31);
  }

  add(state: number): void {
    this.mark(state);
    this.members[this.size++] = state;
  }

  copy(other: StateSet): this {
    this.members.set(other.members);
    this.seen.set(other.seen);
    this.size = other.size;
    return this;
  }

  /** Equal for equal sets, and only for them. */
  get key(): string {
    const { seen } = this;
    let key = '';
    for (let i = 0; i < seen.length; i++) key += String.fromCharCode(seen[i]! & 0xffff, seen[i]! >>> 16);
    return key;
  }
}

/** What is set aside before anything came: a length that is only declared costs nothing. */
const FIRST_BYTES = 16 * 1024;

/**
 * Bytes as they arrive, in one piece: a chunk kept as it is costs 200 bytes and more beside its content, and a body
 * may be sent one byte at a time. Never over the limit, and while it grows never over twice that.
 */
export class GrowingBuffer {
  length = 0;
  private buffer = Buffer.alloc(0);

  /** @param limit most it will hold; 0: unbounded. The caller does not append past it. */
  constructor(private readonly limit: number) {}

  get bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  append(chunk: Uint8Array): void {
    const needed = this.length + chunk.length;
    if (needed > this.buffer.length) this.grow(needed);
    this.buffer.set(chunk, this.length);
    this.length = needed;
  }

  private grow(needed: number): void {
    const doubled = Math.max(needed, FIRST_BYTES, this.buffer.length * 2);
    const size = this.limit === 0 ? doubled : Math.max(needed, Math.min(doubled, this.limit));
    // Not of the shared pool, which a small piece would keep alive.
    const grown = Buffer.allocUnsafeSlow(size);
    grown.set(this.bytes);
    this.buffer = grown;
  }
}

import { describe, expect, it } from 'vitest';
import { Line } from '../../../src/transport/typeorm/line.js';
import { StoreFault } from '../../../src/transport/typeorm/store-fault.js';

/** A pool of some connections, which are had when the test says so. */
class Pool {
  free: number;
  readonly waiting: (() => void)[] = [];

  constructor(readonly size: number) {
    this.free = size;
  }

  async obtain(): Promise<{ client: string; end: () => void }> {
    await new Promise<void>((resolve) => this.waiting.push(resolve));
    if (this.free === 0) throw new Error('all of them are out');
    this.free--;
    return { client: 'client', end: () => void this.free++ };
  }

  /** The server answers again: whoever waited is served, however late. */
  answer(): void {
    for (const resume of this.waiting.splice(0)) resume();
  }
}

describe('A line to a database', () => {
  it('gives back the connections that come too late, so that none is missing when the server answers again', async () => {
    const pool = new Pool(2);
    const line = new Line<string>(
      {
        obtain: () => pool.obtain(),
        run: () => Promise.resolve([['answer']]),
        faultOf: (error) => (error instanceof StoreFault ? error : new StoreFault('away', String(error))),
        onLost: () => undefined,
      },
      20,
    );
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(line.query('SELECT 1')).rejects.toThrow('it does not answer');
    }
    pool.answer();
    await expect.poll(() => pool.free).toBe(2);
    const asked = line.query('SELECT 1');
    await expect.poll(() => pool.waiting.length).toBe(1);
    pool.answer();
    expect(await asked).toEqual([['answer']]);
    expect(pool.free).toBe(1);
  });
});

import { describe, expect, it } from 'vitest';
import { seedOfRun } from '../property/support/random.js';
import { interleave } from './support/interleaving.js';

// FAULTS.md 31. `npm run test:fault` has the long form; `SEED` with `FAULT_RUNS=1` repeats a run that failed.
const asked = process.env['FAULT_RUNS'] ?? '600';
const RUNS = asked === 'long' ? 10_000 : Number(asked);

describe('replay meets live', () => {
  it(`exactly once, in order, and every hole told, in ${RUNS} interleavings`, async () => {
    const seed = seedOfRun();
    console.log(`interleavings from seed ${seed}`);
    for (let run = 0; run < RUNS; run++) {
      expect(await interleave(seed + run), `SEED=${seed + run} FAULT_RUNS=1`).toBeUndefined();
    }
  }, 600_000);
});

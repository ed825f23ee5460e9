import { describe, expect, it } from 'vitest';
import { runAtOnce, Slices } from '../../src/hub/slices.js';

/** Work of so many steps, each of about a millisecond. */
function* busy(steps: number, onStep: () => void): Generator<void, number, void> {
  for (let step = 0; step < steps; step++) {
    const until = performance.now() + 1;
    while (performance.now() < until);
    onStep();
    yield;
  }
  return steps;
}

describe('work in slices', () => {
  it('resolves with what it returns, or rejects with what it throws', async () => {
    const slices = new Slices();
    expect(await slices.run(busy(30, () => undefined))).toBe(30);
    // eslint-disable-next-line require-yield
    const failing = (function* (): Generator<void, void, void> {
      throw new Error('broken');
    })();
    await expect(slices.run(failing)).rejects.toThrow('broken');
    expect(await slices.run(busy(1, () => undefined)), 'the next goes on').toBe(1);
    expect(runAtOnce(busy(2, () => undefined))).toBe(2);
  });

  it('begins at once, so that what is small is done in its own tick', () => {
    let isDone = false;
    function* small(): Generator<void, void, void> {
      yield;
      isDone = true;
    }
    void new Slices().run(small());
    expect(isDone).toBe(true);
  });

  it('shares one slice a turn, however much of it there is: the loop gets its turns', async () => {
    const slices = new Slices();
    let steps = 0;
    let mostInATurn = 0;
    let running = true;
    const watch = () => {
      mostInATurn = Math.max(mostInATurn, steps);
      steps = 0;
      if (running) setImmediate(watch);
    };
    setImmediate(watch);
    await Promise.all(Array.from({ length: 20 }, () => slices.run(busy(20, () => steps++))));
    running = false;
    // Two slices of 8 ms meet where the first turn's is followed by the next: never twenty of them.
    expect(mostInATurn).toBeLessThanOrEqual(20);
  });

  it('gives each its go: short work is not kept waiting by long work', async () => {
    const slices = new Slices();
    let longSteps = 0;
    const long = slices.run(busy(200, () => longSteps++));
    await slices.run(busy(3, () => undefined));
    expect(longSteps).toBeLessThan(100);
    await long;
  });
});

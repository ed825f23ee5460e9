import { vi } from 'vitest';

/** What is left alone: I/O, and with it the turns of the event loop. */
const FAKED = ['Date', 'performance', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] as const;
const STEP_MS = 100;

/** A clock that stands still until it is told to go on, for promises about minutes and for exact ones. */
export interface Clock {
  /** Goes on, in steps between which the event loop turns as it would. */
  advance(ms: number): Promise<void>;
  restore(): void;
}

/** Put in place before the application is made. */
export function stopClock(): Clock {
  vi.useFakeTimers({ toFake: [...FAKED] });
  return {
    async advance(ms) {
      for (let left = ms; left > 0; left -= STEP_MS) {
        vi.advanceTimersByTime(Math.min(left, STEP_MS));
        for (let turn = 0; turn < 3; turn++) await new Promise((resume) => setImmediate(resume));
      }
    },
    restore: () => void vi.useRealTimers(),
  };
}

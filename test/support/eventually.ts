import { HANG_GUARD_MS } from './byte-log.js';

const now = performance.now.bind(performance);

/**
 * Waits for what no event tells, like a count inside the hub, by looking once a turn of the event loop. Only for
 * conditions that, once true, stay true.
 */
export async function eventually(what: string, condition: () => boolean): Promise<void> {
  const started = now();
  while (!condition()) {
    if (now() - started > HANG_GUARD_MS) throw new Error(`Never came true: ${what}`);
    await new Promise((resume) => setImmediate(resume));
  }
}

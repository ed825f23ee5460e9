import { HANG_GUARD_MS } from './byte-log.js';

/**
 * Waits for what no event tells, like a count inside the hub, by looking once a turn of the event loop. Only for
 * conditions that, once true, stay true.
 */
export async function eventually(what: string, condition: () => boolean): Promise<void> {
  const started = performance.now();
  while (!condition()) {
    if (performance.now() - started > HANG_GUARD_MS) throw new Error(`Never came true: ${what}`);
    await new Promise((resume) => setImmediate(resume));
  }
}

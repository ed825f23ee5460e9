import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds an end waits for broadcasts on their way. */
const DRAIN_MS = 5_000;

/** Waits for what is on its way, but not for ever: the hub may be away, and what ends must end. */
export async function atMost(work: Promise<void>): Promise<void> {
  await Promise.race([work, delay(DRAIN_MS, undefined, { ref: false })]);
}

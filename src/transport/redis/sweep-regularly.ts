import type { Connection } from './connection.js';
import type { Keys } from './keys.js';
import { SWEEP } from './lua/read.js';
import type { RedisSettings } from './redis-options.js';
import { Script } from './script.js';

/** Events about subscriptions are kept no longer. Milliseconds. */
const PRESENCE_AGE_MS = 600_000;
const LONGEST_PERIOD_MS = 5000;
const SHORTEST_PERIOD_MS = 50;

const sweep = new Script<number>(SWEEP);

/** Drops what is too old, a small step at a time, in the background. Answers what ends it. */
export function sweepRegularly(connection: Connection, keys: Keys, { ageMs }: RedisSettings): () => void {
  const ages = [ageMs, PRESENCE_AGE_MS];
  const period = Math.max(SHORTEST_PERIOD_MS, Math.min(LONGEST_PERIOD_MS, (ageMs || Infinity) / 4));
  // Away, or busy: what is too old will be older next time.
  const timer = setInterval(() => void sweepAll(connection, keys, ages).catch(() => undefined), period);
  timer.unref();
  return () => clearInterval(timer);
}

async function sweepAll(connection: Connection, keys: Keys, ages: readonly number[]): Promise<void> {
  for (;;) {
    const dropped = await connection.ask((client) => sweep.run(client, keys.history, ages));
    if (dropped === 0) return;
  }
}

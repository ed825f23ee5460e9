import { cpuSeconds } from './process/usage.js';
import type { System } from './systems.js';

/** What work cost a contestant's processes. */
export interface Cost {
  readonly cpuSeconds: number;
  /** From the beginning of the work to its end. */
  readonly seconds: number;
}

/**
 * Runs work and tells what it cost.
 *
 * @param profile the file a CPU profile is written to, where the process is one of the benchmark's
 */
export async function costOf<T>(
  { pids, inside }: System,
  work: () => Promise<T>,
  profile?: string,
): Promise<Cost & { readonly result: T }> {
  if (profile !== undefined) await inside?.call('startProfile');
  const before = cpuSeconds(pids);
  const started = performance.now();
  const result = await work();
  const seconds = (performance.now() - started) / 1000;
  const cost = { cpuSeconds: cpuSeconds(pids) - before, seconds, result };
  if (profile !== undefined) await inside?.call('writeProfile', profile);
  return cost;
}

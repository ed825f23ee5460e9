import type { Ratio } from '../scenarios/scenario.js';
import type { Spread } from '../statistics.js';

/** A number with as many digits as mean something. */
export function figure(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en');
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);
}

/** A median with its spread, where there is one. */
export function spread({ median, min, max }: Spread): string {
  return min === max ? figure(median) : `${figure(median)} (${figure(min)}–${figure(max)})`;
}

export function goalOf({ goal }: Ratio): string {
  if (!goal) return '';
  return 'atMost' in goal ? `≤ ${figure(goal.atMost)}` : `≥ ${figure(goal.atLeast)}`;
}

/** Undefined where there is no goal. */
export function isReached({ goal }: Ratio, { median }: Spread): boolean | undefined {
  if (!goal) return undefined;
  return 'atMost' in goal ? median <= goal.atMost : median >= goal.atLeast;
}

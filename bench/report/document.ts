import type { Machine } from '../machine.js';
import type { Result } from '../run.js';
import { goalOf, isReached } from './figures.js';

/** The results as they are kept: what was measured, on what, how, and every figure with its spread. */
export function documentOf(
  results: readonly Result[],
  machine: Machine,
  rounds: number,
  date: string,
): object {
  return {
    date,
    rounds,
    machine,
    scenarios: results.map(({ scenario, ratios, rows }) => ({
      name: scenario.name,
      title: scenario.title,
      method: scenario.method,
      ratios: ratios.map(({ ratio, spread }) => ({
        label: ratio.label,
        ...rounded(spread),
        ...(ratio.goal && { goal: goalOf(ratio), reached: isReached(ratio, spread) }),
      })),
      metrics: scenario.metrics,
      contestants: Object.fromEntries(
        rows.map(({ contestant, values }) => [
          contestant,
          Object.fromEntries(Object.entries(values).map(([name, spread]) => [name, rounded(spread)])),
        ]),
      ),
    })),
  };
}

function rounded(spread: object): object {
  return Object.fromEntries(
    Object.entries(spread).map(([name, value]: [string, number]) => [name, Number(value.toPrecision(4))]),
  );
}

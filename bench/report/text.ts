import type { Result } from '../run.js';
import { goalOf, isReached, spread } from './figures.js';

/** A scenario's figures for a terminal: ratios first. */
export function textOf({ scenario, ratios, rows }: Result): string {
  const { metrics } = scenario;
  const above = ratios.map(({ ratio, spread: values }) => {
    const reached = isReached(ratio, values);
    const verdict = reached === undefined ? '' : reached ? 'reached' : 'NOT REACHED';
    return [ratio.label, spread(values), goalOf(ratio), verdict];
  });
  const head = ['', ...metrics.map(({ label, unit }) => `${label} (${unit})`)];
  const below = rows.map(({ contestant, values }) => [
    contestant,
    ...metrics.map(({ name }) => (values[name] ? spread(values[name]) : '–')),
  ]);
  // A table as wide as a screen is read; of one contestant the metrics are the lines.
  const figures =
    rows.length === 1
      ? head.slice(1).map((label, index) => [label, below[0]![index + 1]!])
      : [head, ...below];
  return `\n${scenario.title}\n${table(above)}\n${table(figures)}`;
}

function table(lines: readonly (readonly string[])[]): string {
  const widths = lines.reduce<number[]>(
    (widths, line) => line.map((cell, column) => Math.max(cell.length, widths[column] ?? 0)),
    [],
  );
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return text.map((line) => `  ${line}\n`).join('');
}

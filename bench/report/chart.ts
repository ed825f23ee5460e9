import type { Machine } from '../machine.js';
import type { Result } from '../run.js';
import type { Spread } from '../statistics.js';
import { figure } from './figures.js';

const WIDTH = 860;
const LABEL_WIDTH = 330;
const BAR_WIDTH = 400;
const ROW_HEIGHT = 20;
const HEAD_HEIGHT = 46;
const MARGIN = 24;

interface Bar {
  readonly label: string;
  readonly value: Spread;
  readonly colour: string;
}

/** The first figure of every scenario as bars, one panel below the other; thin lines are the spread of the rounds. */
export function chartOf(results: readonly Result[], machine: Machine, date: string): string {
  let top = 70;
  const panels = results.map((result) => {
    const { text, height } = panelOf(result, top);
    top += height;
    return text;
  });
  const { processor, cores, memoryGiB, node } = machine;
  const where = `${date} · ${processor}, ${cores} cores shared with the clients, ${memoryGiB} GiB · Node.js ${node}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top + MARGIN}" viewBox="0 0 ${WIDTH} ${top + MARGIN}" font-family="system-ui, sans-serif" font-size="13">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    textAt(MARGIN, 34, 'nestjs-mercure: the benchmark', 'font-size="20" font-weight="600" fill="#1f2328"'),
    textAt(MARGIN, 56, where, 'fill="#59636e"'),
    ...panels,
    '</svg>',
    '',
  ].join('\n');
}

function panelOf(result: Result, top: number): { text: string; height: number } {
  const { scenario } = result;
  const [metric] = scenario.metrics;
  const bars = barsOf(result);
  const most = Math.max(...bars.map(({ value }) => value.max));
  const unit = result.rows.length > 1 ? `${metric!.label}, ${metric!.unit}` : '';
  const head = [
    textAt(MARGIN, top + 22, scenario.title, 'font-weight="600" fill="#1f2328"'),
    textAt(MARGIN, top + 38, unit, 'font-size="11" fill="#59636e"'),
  ];
  const lines = bars.map((bar, index) => barAt(top + HEAD_HEIGHT + index * ROW_HEIGHT, bar, most));
  return { text: [...head, ...lines].join('\n'), height: HEAD_HEIGHT + bars.length * ROW_HEIGHT + 14 };
}

/** Of several contestants the first metric of each; of one, all of its metrics that have the unit of the last. */
function barsOf({ scenario, rows }: Result): Bar[] {
  const { metrics } = scenario;
  const [first] = metrics;
  const isAlone = rows.length === 1;
  const { unit } = metrics.at(-1)!;
  const wanted = isAlone ? metrics.filter((metric) => metric.unit === unit) : [first!];
  return rows.flatMap(({ contestant, values }) =>
    wanted.flatMap(({ name, label }) => {
      const value = values[name];
      if (!value) return [];
      return [{ label: isAlone ? label : contestant, value, colour: colourOf(contestant) }];
    }),
  );
}

function colourOf(contestant: string): string {
  if (contestant.startsWith('hub')) return '#1a7f64';
  if (contestant.startsWith('peer')) return '#8250df';
  return contestant.startsWith('floor') || contestant.startsWith('node-') ? '#8c959f' : '#bf8700';
}

function barAt(top: number, { label, value, colour }: Bar, most: number): string {
  const x = (of: number) => MARGIN + LABEL_WIDTH + (of / most) * BAR_WIDTH;
  const middle = top + ROW_HEIGHT / 2;
  const width = Math.max(1, x(value.median) - x(0));
  const text = figure(value.median);
  return [
    textAt(MARGIN + LABEL_WIDTH - 10, middle + 4, label, 'text-anchor="end" fill="#1f2328"'),
    `<rect x="${x(0).toFixed(1)}" y="${top + 3}" width="${width.toFixed(1)}" height="${ROW_HEIGHT - 6}" fill="${colour}"/>`,
    `<path d="M${x(value.min).toFixed(1)} ${middle}H${x(value.max).toFixed(1)}" stroke="#1f2328"/>`,
    textAt(x(value.max) + 8, middle + 4, text, 'fill="#1f2328"'),
  ].join('');
}

function textAt(x: number, y: number, text: string, attributes: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escaped}</text>`;
}

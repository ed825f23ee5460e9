import { Child } from '../process/child.js';
import type { Settings } from '../settings.js';
import type { Kind, MatchingHandlers } from '../workers/matching.js';
import type { Round, Scenario } from './scenario.js';

const KINDS: readonly Kind[] = ['exact', 'patterns'];

/** One of ever more audiences is meant: what it costs to find it. */
export function matching(settings: Settings): Scenario {
  const sizes = settings.quick ? [100, 1000] : [1000, 10_000, 100_000];
  const updates = settings.quick ? 100 : 1000;
  const [least, most] = [sizes[0]!, sizes.at(-1)!];
  const growth = (metric: string, from: number, to: number) => (round: Round) => {
    const [small, large] = [round('hub', `${metric}-${from}`), round('hub', `${metric}-${to}`)];
    return small === undefined || large === undefined ? undefined : large / small;
  };
  const told = `${most.toLocaleString('en')} audiences : ${least.toLocaleString('en')}`;
  return {
    name: 'matching',
    title: 'Matching: an update for one of many audiences',
    method:
      'Subscribers inside the process, each with a topic or a URL Pattern of its own; the bound on patterns is raised ' +
      `(maxPatterns: 0). ${updates.toLocaleString('en')} topics, published to once and once more.`,
    metrics: KINDS.flatMap((kind) =>
      sizes.flatMap((size) => [
        {
          name: `${kind}-first-${size}`,
          label: `${size.toLocaleString('en')} ${kind}: a topic first seen`,
          unit: 'µs',
        },
        { name: `${kind}-again-${size}`, label: `${size.toLocaleString('en')} ${kind}: again`, unit: 'µs' },
      ]),
    ),
    contestants: ['hub'],
    connections: 0,
    ratios: [
      {
        label: `exact topics, first seen: ${told}`,
        of: growth('exact-first', least, most),
        goal: { atMost: 1.2 },
      },
      {
        label: `exact topics, again: ${told}`,
        of: growth('exact-again', least, most),
        goal: { atMost: 1.2 },
      },
      { label: `patterns, topic first seen: ${told}`, of: growth('patterns-first', least, most) },
      { label: `patterns, again: ${told}`, of: growth('patterns-again', least, most), goal: { atMost: 1.2 } },
    ],
    async measure() {
      const values: Record<string, number> = {};
      for (const kind of KINDS) {
        for (const audiences of sizes) {
          const child = Child.start<MatchingHandlers>('workers/matching.js');
          try {
            const { first, again } = await child.call('measure', { kind, audiences, updates });
            values[`${kind}-first-${audiences}`] = first;
            values[`${kind}-again-${audiences}`] = again;
          } finally {
            await child.stop();
          }
        }
      }
      return values;
    },
  };
}

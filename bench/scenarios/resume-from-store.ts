import { Child } from '../process/child.js';
import { Session } from '../session.js';
import type { Settings } from '../settings.js';
import { spreadOf } from '../statistics.js';
import { ENGINES, type EngineName } from '../stores/engine.js';
import { idOf } from '../wire/load.js';
import type { FillHandlers } from '../workers/fill.js';
import type { Round, Scenario } from './scenario.js';

const DATA_BYTES = 100;
const IDS = 'urn:bench:kept';
/** What a client that comes back has missed. */
const MISSED = 500;
const TRIES = 7;

/** A client that comes back to a hub that was started anew, and has nothing in its memory: everything is read. */
export function resumeFromStore(engine: EngineName, settings: Settings): Scenario {
  const sizes = settings.quick ? [1000, 2000] : [1000, 100_000, 1_000_000];
  const [least, most] = [sizes[0]!, sizes.at(-1)!];
  const { title, clear, url } = ENGINES[engine];
  const hub = (size: number) => `kept${size}`;
  const clearAll = async () => {
    for (const size of sizes) await clear(hub(size));
  };
  const label = (size: number) => size.toLocaleString('en');
  return {
    name: `resume-${engine}`,
    title: `Resuming from a history in ${title}`,
    method:
      `${MISSED} updates of ${DATA_BYTES} bytes missed, in histories of ${sizes.map(label).join(', ')} (the median of ` +
      `${TRIES} streams), and all of the longest; a hub that has just started reads from the store. Times are from the ` +
      'beginning of the connection.',
    metrics: [
      ...sizes.map((size) => ({
        name: `first-${size}`,
        label: `history of ${label(size)}: first event`,
        unit: 'ms',
      })),
      { name: 'first-all', label: `all ${label(most)} missed: first event`, unit: 'ms' },
      { name: 'rate-all', label: `all ${label(most)} missed: events replayed`, unit: '/s' },
    ],
    contestants: ['hub'],
    connections: 1,
    engines: [engine],
    ratios: [
      ...sizes.slice(1).map((size) => ({
        label: `first event, history of ${label(size)} : ${label(least)}`,
        of: (round: Round) => round('hub', `first-${size}`)! / round('hub', `first-${least}`)!,
        goal: { atMost: 1.2 },
      })),
      {
        label: `events replayed a second, ${label(most)} missed`,
        of: (round) => round('hub', 'rate-all'),
      },
    ],
    async prepare() {
      await clearAll();
      const child = Child.start<FillHandlers>('workers/fill.js');
      try {
        for (const size of sizes) {
          await child.call('fill', { store: url(hub(size)), count: size, ids: IDS, dataBytes: DATA_BYTES });
        }
      } finally {
        await child.stop();
      }
      return clearAll;
    },
    async measure() {
      const values: Record<string, number> = {};
      for (const size of sizes) {
        const work = async (session: Session) => {
          const replay = async (missed: number) => {
            const from = size - missed;
            const request = { lastEventId: idOf(IDS, from - 1), from, dataBytes: DATA_BYTES };
            const { startedAt, firstAt, lastAt } = await session.replay(missed, request);
            return { first: (firstAt - startedAt) / 1000, seconds: (lastAt - startedAt) / 1e6 };
          };
          await replay(MISSED);
          const firsts: number[] = [];
          for (let nth = 0; nth < TRIES; nth++) firsts.push((await replay(MISSED)).first);
          values[`first-${size}`] = spreadOf(firsts).median;
          if (size !== most) return;
          const { first, seconds } = await replay(most - 1);
          values['first-all'] = first;
          values['rate-all'] = (most - 1) / seconds;
        };
        await Session.with('hub-fastify', settings, work, { store: url(hub(size)) });
      }
      return values;
    },
  };
}

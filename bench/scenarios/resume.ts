import { randomUUID } from 'node:crypto';
import { Session } from '../session.js';
import type { Settings } from '../settings.js';
import type { SystemName } from '../systems.js';
import { idOf } from '../wire/load.js';
import type { Scenario } from './scenario.js';

/** Smaller than elsewhere: a million of them are kept in memory. */
const DATA_BYTES = 100;
/** What a peer keeps is its operator's choice: it is asked for no more than this. */
const PEER_REACH = 10_000;

/** A client that comes back and has missed much. */
export function resume(settings: Settings): Scenario<SystemName> {
  const distances = settings.quick ? [100, 1000] : [1000, 10_000, 100_000, 1_000_000];
  const label = (distance: number) => distance.toLocaleString('en');
  return {
    name: 'resume',
    title: 'Resuming after what was missed',
    method:
      `A stream with the Last-Event-ID of an update so far back, from memory; updates of ${DATA_BYTES} bytes. Times are ` +
      'from the beginning of the connection.',
    metrics: distances.flatMap((distance) => [
      { name: `first-${distance}`, label: `${label(distance)} back: first event`, unit: 'ms' },
      { name: `rate-${distance}`, label: `${label(distance)} back: events replayed`, unit: '/s' },
    ]),
    contestants: ['hub-fastify', 'peer'],
    connections: 1,
    ratios: [
      ...distances.slice(1).map((distance) => ({
        label: `first event, ${label(distance)} back : ${label(distances[0]!)} back`,
        of: (round: (contestant: string, metric: string) => number | undefined) => {
          const [far, near] = [`first-${distance}`, `first-${distances[0]!}`].map((name) =>
            round('hub-fastify', name),
          );
          return far! / near!;
        },
      })),
      {
        label: `events replayed a second, ${label(distances.at(-1)!)} back`,
        of: (round) => round('hub-fastify', `rate-${distances.at(-1)!}`),
        goal: { atLeast: 200_000 },
      },
    ],
    measure(contestant) {
      const reachable = distances.filter((distance) => contestant !== 'peer' || distance <= PEER_REACH);
      const total = reachable.at(-1)! + 1;
      const work = async (session: Session) => {
        const ids = `urn:bench:${randomUUID()}`;
        await session.deliver({ count: total, dataBytes: DATA_BYTES, ids });
        const replay = (missed: number) => {
          const from = total - missed;
          return session.replay(missed, { lastEventId: idOf(ids, from - 1), from, dataBytes: DATA_BYTES });
        };
        await replay(distances[0]!);
        const values: Record<string, number> = {};
        for (const distance of reachable) {
          const { startedAt, firstAt, lastAt } = await replay(distance);
          values[`first-${distance}`] = (firstAt - startedAt) / 1000;
          values[`rate-${distance}`] = distance / ((lastAt - startedAt) / 1e6);
        }
        return values;
      };
      return Session.with(contestant, settings, work, { maxUpdates: total });
    },
  };
}

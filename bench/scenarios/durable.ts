import { Child } from '../process/child.js';
import type { Settings } from '../settings.js';
import { ENGINES, type EngineName } from '../stores/engine.js';
import type { DurableHandlers, Way } from '../workers/durable.js';
import type { Round, Scenario } from './scenario.js';

const PUBLISHERS = [1, 10, 100] as const;

/** Publications that are on the disk when they are acknowledged: many in one transaction, or a transaction each. */
export function durable(engine: EngineName, settings: Settings): Scenario<Way> {
  const ms = settings.quick ? 100 : 1500;
  const hub = 'durable';
  const { clear, title } = ENGINES[engine];
  const told = (publishers: number) => `${publishers} publisher${publishers === 1 ? '' : 's'}`;
  const beside = (publishers: number) => (round: Round) => {
    const [one, other] = (['hub', 'transaction-each'] as const).map((way) =>
      round(way, `rate-${publishers}`),
    );
    return one === undefined || other === undefined ? undefined : one / other;
  };
  return {
    name: `durable-${engine}`,
    title: `Durable publications a second: ${title}`,
    method:
      'Publishers in the process, each with its next update when the last is acknowledged, which it is when the disk ' +
      'has it. Beside it a table with the same columns and an index on ids, where every update is a transaction of its ' +
      `own${engine === 'sqlite' ? '' : ', on ten connections'}. All that was acknowledged is counted in the table.`,
    metrics: PUBLISHERS.map((publishers) => ({
      name: `rate-${publishers}`,
      label: told(publishers),
      unit: '/s',
    })),
    contestants: ['transaction-each', 'hub'],
    connections: 0,
    engines: [engine],
    synced: true,
    ratios: PUBLISHERS.map((publishers) => ({
      label: `${told(publishers)}, hub : a transaction each`,
      of: beside(publishers),
      ...(publishers === 100 && { goal: { atLeast: 6 } }),
    })),
    async measure(way) {
      await clear(hub);
      const child = Child.start<DurableHandlers>('workers/durable.js');
      try {
        await child.call('start', { engine, hub, way });
        const values: Record<string, number> = {};
        for (const publishers of PUBLISHERS) {
          await child.call('measure', { publishers, ms: ms / 4 });
          values[`rate-${publishers}`] = await child.call('measure', { publishers, ms });
        }
        return values;
      } finally {
        await child.stop();
        await clear(hub);
      }
    },
  };
}

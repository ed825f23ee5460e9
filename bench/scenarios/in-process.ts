import { Child } from '../process/child.js';
import type { Settings } from '../settings.js';
import type { InProcessHandlers } from '../workers/in-process.js';
import type { Scenario } from './scenario.js';

/** `MercureService.publish` that nobody follows: what an application pays for telling nobody. */
export function inProcess(settings: Settings): Scenario {
  return {
    name: 'in-process',
    title: 'Publishing in the process, without a subscriber',
    method:
      'One publication after another, each awaited; 400 bytes of data, kept in memory for those who come back.',
    metrics: [{ name: 'nanoseconds', label: 'CPU per publication', unit: 'ns' }],
    contestants: ['hub'],
    connections: 0,
    ratios: [
      {
        label: 'CPU per publication (ns)',
        of: (round) => round('hub', 'nanoseconds'),
        goal: { atMost: 3000 },
      },
    ],
    async measure() {
      const child = Child.start<InProcessHandlers>('workers/in-process.js');
      try {
        return { nanoseconds: await child.call('measure', settings.quick ? 20_000 : 500_000) };
      } finally {
        await child.stop();
      }
    },
  };
}

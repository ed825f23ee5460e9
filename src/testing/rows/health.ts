import type { ReportsHealth } from '../../transport/abilities.js';
import type { Transport } from '../../transport/transport.js';
import type { Row } from '../bench.js';
import { refusal, sample } from '../samples.js';

export const HEALTH: readonly Row[] = [
  {
    promise:
      'says that it is well while the store answers, that it is away while it is not, and well again after',
    async play(bench) {
      const { transport } = await bench.node();
      const reporting = transport as Transport & ReportsHealth;
      const isWell = (): Promise<boolean> =>
        reporting.check().then(
          () => true,
          () => false,
        );
      await reporting.check();
      await transport.append([sample('a')]);
      await reporting.check();
      if (!('takeAway' in bench.subject)) return;
      const bringBack = await bench.takeAway();
      await refusal(reporting.check(), 'TRANSPORT_UNAVAILABLE');
      await bringBack();
      await bench.eventually('it is well again', isWell);
    },
  },
];

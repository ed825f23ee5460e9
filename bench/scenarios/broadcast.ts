import { once } from 'node:events';
import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { Child } from '../process/child.js';
import type { Settings } from '../settings.js';
import type { BroadcastHandlers } from '../workers/broadcast.js';
import type { Round, Scenario, Values } from './scenario.js';

const FOLLOWERS = 10;
const CONTESTANTS = ['typeorm', 'broadcast', 'broadcast-followed'] as const;

/** What `@Broadcast()` costs the application that writes. */
export function broadcast(settings: Settings): Scenario {
  const writes = settings.quick ? 200 : 5_000;
  return {
    name: 'broadcast',
    title: 'Saving rows that are broadcast, beside TypeORM alone',
    method:
      `${writes.toLocaleString('en')} new rows in an SQLite file (write-ahead log), by save() one at a time, and again in ` +
      `transactions of 100; with nobody who follows, and with ${FOLLOWERS} streams that follow all. Until the hub has them.`,
    metrics: [
      { name: 'save', label: 'CPU per save()', unit: 'µs' },
      { name: 'save-elapsed', label: 'time per save()', unit: 'µs' },
      { name: 'row', label: 'CPU per row of a transaction of 100', unit: 'µs' },
      { name: 'row-elapsed', label: 'time per row of a transaction of 100', unit: 'µs' },
    ],
    contestants: CONTESTANTS,
    connections: FOLLOWERS,
    ratios: [
      {
        label: 'time per save(), nobody follows',
        of: beside('broadcast', 'save-elapsed'),
        goal: { atMost: 1.3 },
      },
      {
        label: 'time per row of a transaction of 100, nobody follows',
        of: beside('broadcast', 'row-elapsed'),
        goal: { atMost: 1.15 },
      },
      { label: 'CPU per save(), nobody follows', of: beside('broadcast', 'save') },
      { label: 'CPU per row of a transaction of 100, nobody follows', of: beside('broadcast', 'row') },
      { label: `CPU per save(), ${FOLLOWERS} follow`, of: beside('broadcast-followed', 'save') },
      {
        label: `CPU per row of a transaction of 100, ${FOLLOWERS} follow`,
        of: beside('broadcast-followed', 'row'),
      },
    ],
    async measure(contestant) {
      const child = Child.start<BroadcastHandlers>('workers/broadcast.js');
      try {
        const url = await child.call('start', { isTold: contestant !== 'typeorm' });
        const followers = await Followers.open(url, contestant === 'broadcast-followed' ? FOLLOWERS : 0);
        await child.call('save', writes / 10);
        const single = await child.call('save', writes);
        const rows = await child.call('saveInTransactions', writes);
        await followers.haveHeard(writes / 10 + writes * 2);
        followers.close();
        await child.call('stop');
        return { ...perWrite('save', single, writes), ...perWrite('row', rows, writes) };
      } finally {
        await child.stop();
      }
    },
  };
}

function perWrite(name: string, spent: { cpu: number; elapsed: number }, writes: number): Values {
  return { [name]: (spent.cpu * 1000) / writes, [`${name}-elapsed`]: (spent.elapsed * 1000) / writes };
}

function beside(contestant: (typeof CONTESTANTS)[number], metric: string) {
  return (round: Round): number | undefined => {
    const [above, below] = [round(contestant, metric), round('typeorm', metric)];
    return above === undefined || below === undefined ? undefined : above / below;
  };
}

/** Streams that follow every note, and count what they are told. */
class Followers {
  private readonly requests: ClientRequest[] = [];
  private readonly heard: number[] = [];
  private onEvent: () => void = () => undefined;

  static async open(url: string, count: number): Promise<Followers> {
    const followers = new Followers();
    for (let index = 0; index < count; index++) await followers.add(`${url}?topic=*`);
    return followers;
  }

  /** Resolves when each has been told so many updates. @throws Error where one is told more */
  async haveHeard(updates: number): Promise<void> {
    while (this.heard.some((heard) => heard < updates)) {
      await new Promise<void>((resolve) => (this.onEvent = resolve));
    }
    if (this.heard.some((heard) => heard > updates))
      throw new Error(`heard ${this.heard.join(', ')} of ${updates}`);
  }

  close(): void {
    for (const request of this.requests) request.destroy();
  }

  private async add(url: string): Promise<void> {
    const request = get(url, { agent: false });
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    const index = this.heard.push(0) - 1;
    answer.setEncoding('latin1');
    answer.on('error', () => undefined);
    let rest = '';
    answer.on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\ndata:');
      this.heard[index]! += parts.length - 1;
      rest = parts.at(-1)!.slice(-6);
      this.onEvent();
    });
    this.requests.push(request);
  }
}

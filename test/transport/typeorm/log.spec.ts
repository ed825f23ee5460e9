import { DataSource } from 'typeorm';
import { afterEach, describe, expect, it } from 'vitest';
import { postgresAnswers } from '../../support/postgres.js';
import { Node, update, updates } from './support/node.js';
import { openTransport, postgresStore, sqliteStore, type Bounds, type Store } from './support/stores.js';

const ENGINES = [
  { name: 'SQLite', makeStore: sqliteStore, answers: true, nodes: 1 },
  {
    name: 'PostgreSQL',
    makeStore: postgresStore,
    answers: await postgresAnswers('a log in PostgreSQL'),
    nodes: 2,
  },
];

describe.each(ENGINES)('a log in $name', ({ makeStore, answers, nodes }) => {
  const endings: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const end of endings.splice(0).toReversed()) await end();
  });

  async function store(): Promise<Store> {
    const made = await makeStore();
    endings.push(() => made.drop());
    return made;
  }

  async function node(on: Store, bounds: Bounds = {}): Promise<Node> {
    const transport = openTransport(on, bounds);
    endings.push(() => transport.close());
    return Node.start(transport);
  }

  it.runIf(answers)('delivers in order what is appended, and says where it begins', async () => {
    const on = await store();
    const one = await node(on);
    expect(one.start.newest).toBeUndefined();
    await Promise.all(updates('u', 50).map((each) => one.transport.append([each])));
    await one.transport.append(updates('v', 1200));
    await one.hasSeen(1250);
    expect(one.ids).toEqual([...updates('u', 50), ...updates('v', 1200)].map(({ id }) => id));
    expect(await one.replay('u10')).toEqual(one.ids.slice(11));
    expect(await one.transport.locate('nobody')).toEqual({ found: false, reason: 'unknown' });
    await one.transport.close();
    const again = await node(on);
    expect(again.start.newest).toEqual({ id: 'v1199', private: false });
    expect(await again.replay('u10')).toEqual(one.ids.slice(11));
    await again.transport.append([update('w')]);
    await again.hasSeen(1);
    expect(again.ids).toEqual(['w']);
  });

  it.runIf(answers)('gives back every byte', async () => {
    const on = await store();
    const one = await node(on);
    const poisonous = [
      update('x'.repeat(512), { data: 'a\0b\r\n\u2028', private: true, type: 'tüp', retry: 2 ** 40 }),
      update('é🎉', { data: '', topics: ['"\\', 'https://example.com/{a}', '🎉'] }),
      update('E\u0301', { data: '🎉'.repeat(300_000) }),
    ];
    await one.transport.append(poisonous);
    const other = await (nodes > 1 ? node(on) : (await one.transport.close(), node(on)));
    const page = await other.transport.read(await other.transport.earliest(), other.position);
    expect(page!.updates.map((stored) => stored.update)).toEqual(poisonous);
    expect((await other.transport.locate('É')).found, 'ids are compared byte for byte').toBe(false);
  });

  it.runIf(answers)('writes with a transaction of the application, or not at all', async () => {
    const on = await store();
    const dataSource = await new DataSource(on.options).initialize();
    endings.push(() => dataSource.destroy());
    const transport = openTransport(on);
    endings.push(() => transport.close());
    const one = await Node.start(transport);
    const commit = async (id: string, end: 'commit' | 'rollback'): Promise<void> => {
      const runner = dataSource.createQueryRunner();
      await runner.startTransaction();
      await transport.appendWithin(runner, [update(id)]);
      await (end === 'commit' ? runner.commitTransaction() : runner.rollbackTransaction());
      await runner.release();
    };
    await commit('a', 'commit');
    await commit('b', 'rollback');
    await commit('c', 'commit');
    await one.hasSeen(2);
    expect(one.ids).toEqual(['a', 'c']);
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { mariadbAnswers } from '../../support/mariadb.js';
import { postgresAnswers } from '../../support/postgres.js';
import { Node, update } from './support/node.js';
import { mariadbStore, openTransport, postgresStore, sqliteStore } from './support/stores.js';

const STORES = [
  { name: 'SQLite', makeStore: sqliteStore },
  ...((await postgresAnswers('retained topics on PostgreSQL'))
    ? [{ name: 'PostgreSQL', makeStore: postgresStore }]
    : []),
  ...((await mariadbAnswers('retained topics on MariaDB'))
    ? [{ name: 'MariaDB', makeStore: mariadbStore }]
    : []),
];

describe.each(STORES)('the newest update of a topic in $name', ({ makeStore }) => {
  const endings: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).toReversed()) await end();
  });

  it('is found by a node that starts after others stored it and never wrote down what is newest, as a killed one', async () => {
    const store = await makeStore();
    endings.push(() => store.drop());
    const start = async (retains: boolean) => {
      const transport = openTransport(store);
      endings.push(() => transport.close());
      if (retains) transport.retain({ maxTopics: 100 });
      return { transport, node: await Node.start(transport) };
    };
    const first = await start(true);
    await first.transport.append([update('old', { topics: ['a'] }), update('kept', { topics: ['b'] })]);
    await first.node.hasSeen(2);
    await first.transport.close();
    const forgetful = await start(false);
    const many = Array.from({ length: 1200 }, (_, index) => update(`u${index}`, { topics: ['busy', 'c'] }));
    await forgetful.transport.append([...many, update('new', { topics: ['a'] })]);
    await forgetful.node.hasSeen(1201);
    await forgetful.transport.close();
    const { transport, node } = await start(true);
    await transport.append([update('newer', { topics: ['busy'] })]);
    await node.hasSeen(1);
    const latest = await transport.latest(['a', 'b', 'busy', 'c'], node.position);
    expect(latest.map((stored) => stored.update.id)).toEqual(['kept', 'u1199', 'new', 'newer']);
  });
});

import { describe, expect, it } from 'vitest';
import { update, updates } from '../transport/typeorm/support/node.js';
import { servers, sqlNode, storeOf } from './support/sql-nodes.js';

describe.each(await servers('a node that is behind'))('A node on $name', ({ makeStore }) => {
  it(
    'before which events about subscriptions were dropped is told once, and goes on with the updates that are kept',
    { timeout: 120_000 },
    async () => {
      const { url } = await storeOf(makeStore);
      const [slow, other] = [await sqlNode({ url }), await sqlNode({ url })];
      let goOn!: () => void;
      slow.behind = new Promise((resolve) => (goOn = resolve));
      await other.transport.append([update('first')]);
      await slow.hasSeen(1);
      await other.transport.append([update('kept')]);
      // More than are kept of them.
      for (let batch = 0; batch < 13; batch++) {
        await other.transport.append(updates(`presence${batch}-`, 1000), 'presence');
      }
      const earliest = await other.transport.earliest();
      // In steps, of which each would be told of its own.
      const kept = async () => (await other.readAfter(earliest)).length;
      await expect.poll(kept, { timeout: 60_000 }).toBeLessThan(10_020);
      slow.behind = undefined;
      goOn();
      await other.transport.append([update('last')]);
      await slow.until('the last one', () => slow.ids.includes('last'));
      expect(slow.gaps.length, 'told once').toBe(1);
      expect(slow.ids.filter((id) => !id.startsWith('presence'))).toEqual(['first', 'kept', 'last']);
      expect(other.gaps).toEqual([]);
    },
  );
});

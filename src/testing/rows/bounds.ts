import assert from 'node:assert/strict';
import type { Position, StoredUpdate } from '../../transport/transport.js';
import { uuidV7Urn } from '../../update/update-id.js';
import type { Bench, Row } from '../bench.js';
import type { ContractNode } from '../contract-node.js';
import { sameList, sample, samples } from '../samples.js';

/** Appends, a few at a time and each delivered, until an id is not kept any more. */
async function pushOut(bench: Bench, node: ContractNode, id: string): Promise<void> {
  let rounds = 0;
  await bench.eventually(`${id} is dropped for the bound`, async () => {
    if (!(await node.transport.locate(id)).found) return true;
    // Only so many: what is trimmed in the background may need time, not more of them.
    if (rounds++ >= 500) return false;
    const seen = node.seen.length;
    await node.transport.append(samples(`round-${rounds}`, 5));
    await node.hasSeen(seen + 5);
    return false;
  });
}

/** What is kept, read in a moment in which nothing is trimmed. */
async function kept(bench: Bench, node: ContractNode): Promise<{ after: Position; updates: StoredUpdate[] }> {
  let result: { after: Position; updates: StoredUpdate[] } | undefined;
  await bench.eventually('nothing is trimmed for a moment', async () => {
    const after = await node.transport.earliest();
    const updates = await node.readAfter(after).catch(() => []);
    if (after === (await node.transport.earliest())) result = { after, updates };
    return result !== undefined;
  });
  return result!;
}

export const BOUNDS: readonly Row[] = [
  {
    promise: 'drops the oldest past its count, says so where one would read on from them, and skips nothing',
    bounds: { maxUpdates: 20 },
    async play(bench) {
      const node = await bench.node();
      const begin = node.position;
      await node.transport.append(samples('u', 10));
      await node.hasSeen(10);
      await pushOut(bench, node, 'u-9');
      assert.equal(await node.transport.read(begin, node.position), undefined, 'a hole is told, not skipped');
      assert.equal(await node.transport.read(node.seen[0]!.position, node.position), undefined);
      const { after, updates } = await kept(bench, node);
      const dropped = node.seen.findIndex(({ position }) => position === after) + 1;
      assert(dropped > 9, 'the earliest position is that of the newest update dropped');
      sameList(
        updates.map(({ update }) => update.id),
        node.ids.slice(dropped),
        'what is kept is everything after the earliest position',
      );
      assert(updates.length >= 20, 'what the bound allows is kept');
    },
  },
  {
    promise: 'says of an id of the hub’s that it has expired, of any other that it is unknown',
    bounds: { maxUpdates: 5 },
    async play(bench) {
      const node = await bench.node();
      const old = uuidV7Urn();
      await node.transport.append([sample(old), sample('named')]);
      await node.hasSeen(2);
      // Of the oldest kept update it is the time that tells: it must be another millisecond.
      await new Promise((resume) => setTimeout(resume, 5));
      await pushOut(bench, node, 'named');
      assert.deepEqual(await node.transport.locate(old), { found: false, reason: 'expired' });
      for (const id of ['named', 'never', uuidV7Urn(), 'urn:uuid:01234567-89ab-4def-8123-456789abcdef']) {
        assert.deepEqual(await node.transport.locate(id), { found: false, reason: 'unknown' }, id);
      }
    },
  },
  {
    promise: 'takes a reused id for its first kept occurrence, however often the history is trimmed',
    bounds: { maxUpdates: 30 },
    async play(bench) {
      const node = await bench.node();
      let compared = 0;
      for (let round = 0; round < 60; round++) {
        await node.transport.append([sample('x', { data: `${round}` }), ...samples(`fill-${round}`, 9)]);
        const before = await node.transport.earliest();
        const cursor = await node.transport.locate('x');
        const page = await node.transport.read(before, node.position);
        // Trimmed in between: what was asked is not of one moment.
        if (!page || before !== (await node.transport.earliest())) continue;
        const first = page.updates.find(({ update }) => update.id === 'x');
        // The newest of all may not be delivered here yet.
        if (!first) continue;
        assert.deepEqual(cursor, { found: true, position: first.position }, `in round ${round}`);
        compared++;
      }
      assert(compared > 10, 'enough of them were compared');
      assert.equal((await node.transport.locate('fill-0-0')).found, false, 'the history was trimmed');
    },
  },
  {
    promise:
      'keeps no update longer than its age; the newest id outlives its row, also for a node that starts then',
    bounds: { maxAgeMs: 300 },
    async play(bench) {
      const node = await bench.node();
      await node.transport.append([sample('first'), sample('last', { private: true })]);
      await node.hasSeen(2);
      await bench.eventually(
        'the first is too old',
        async () => !(await node.transport.locate('first')).found,
      );
      await bench.eventually('the last is too old', async () => {
        return (await node.transport.earliest()) === node.position;
      });
      assert.equal(
        await node.positionOf('last'),
        node.position,
        'whoever has the newest id has missed nothing',
      );
      assert.deepEqual((await node.transport.read(node.position, node.position))?.updates, []);
      if (bench.subject.durability === 'process') return;
      await node.transport.close();
      const next = await bench.node();
      assert.deepEqual({ ...next.start.newest }, { id: 'last', private: true });
      assert.equal(next.start.position, node.position);
      assert.equal(await next.positionOf('last'), next.start.position);
    },
  },
  {
    promise: 'keeps events about subscriptions by bounds of their own: a storm of them wipes no update',
    bounds: { maxUpdates: 50 },
    async play(bench) {
      const node = await bench.node();
      await node.transport.append(samples('u', 3));
      for (let storm = 0; storm < 13; storm++) {
        await node.transport.append(samples(`storm-${storm}`, 1000, { private: true }), 'presence');
      }
      await node.transport.append([sample('after')]);
      await node.hasSeen(13_004);
      const from = await node.positionOf('u-0');
      await bench.eventually('that some are dropped is said', async () => {
        return (await node.transport.read(from, node.position))!.presenceDropped === true;
      });
      let rest: string[] = [];
      await bench.eventually('nothing is dropped for a moment', async () => {
        const before = rest.length;
        rest = (await node.readAfter(from)).map(({ update }) => update.id);
        return rest.length === before;
      });
      assert.deepEqual(rest.slice(0, 2), ['u-1', 'u-2']);
      assert.equal(rest.at(-1), 'after');
      sameList(rest.slice(2), node.ids.slice(-(rest.length - 2)), 'of the events, the newest are kept');
      assert(rest.length >= 10_003, 'ten thousand of them');
      const late = await node.transport.read(await node.positionOf('storm-12-0'), node.position);
      assert(!late?.presenceDropped, 'where none is missing, none is said to be');
    },
  },
];

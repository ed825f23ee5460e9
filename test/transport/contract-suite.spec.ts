import { describe, expect, it } from 'vitest';
import { transportContract } from '../../src/testing/transport-contract.js';
import { named } from '../support/named.js';
import type { Fault } from './support/shared-log.js';
import { sharedTransport } from './support/shared-transport.js';

// Rows wait, each for a store of its own: beside each other they take a third of the time.
describe('the contract of transports, on a store that is right', () => {
  it.concurrent.each(named(transportContract(sharedTransport())))('%s', (_, { run }) => run());
});

/** The rows, by a part of what they promise, that must find each fault. */
const FOUND_BY: Readonly<Record<Fault, readonly string[]>> = {
  'polls past holes': [
    'what several nodes append at the same time',
    'a transaction that wrote early and commits late',
    'one order of transactions',
    'resumes from any id',
    'a node that starts under way',
  ],
  'splits calls': ['each in one piece', 'in one order, none skipped'],
  'acknowledges before the commit': ['has stored what it acknowledges'],
  'delivers twice after an outage': ['repeats nothing it delivered'],
  'forgets what it acknowledged in an outage': ['loses nothing it acknowledges'],
  'tells a gap after every outage': ['tells no gap where none is'],
  'is silent after a wipe': ['tells every node a gap'],
  'takes positions of an earlier epoch': ['takes no position of before for one of now'],
  'skips what was trimmed': ['drops the oldest past its count'],
  'does not point its index anew': ['first kept occurrence'],
  'finds the last occurrence': ['takes a reused id for its first occurrence'],
  'calls everything unknown': ['that it has expired'],
  'forgets the newest id with its row': ['the newest id outlives its row'],
  'counts presence as updates': ['bounds of their own'],
  'is silent about dropped presence': ['bounds of their own'],
  'reads past the position asked for': ['not past it', 'at or beyond the position asked for'],
  'gives pages without a bound': ['ends a page at 500 updates'],
  'folds case in ids': ['compares ids byte for byte'],
  'normalises ids': ['compares ids byte for byte'],
  'cuts data at NUL': ['every valid update as it is', 'nothing of one rolled back'],
  'fails a whole group': ['nobody else’s is affected'],
  'stores half a call': ['whole or not at all'],
  'skips what it had not delivered': ['it skips nothing'],
  'starts at the beginning': ['delivers none of it again'],
  'starts without the newest': ['a node that starts under way'],
  'delivers after close': ['delivers nothing more'],
  'takes updates after close': ['takes nothing once it is closed'],
  'does not wait for a node that is behind': ['delivers no more to a node that is behind'],
  'checks for duplicates before it stores': ['a hundred at the same time'],
  'takes another body for the same': ['another publication of a known id', 'remembers over a restart'],
  'stores the rest of a conflict': ['another publication of a known id'],
  'never forgets ids': ['forgets ids past the count', 'forgets ids past the age'],
  'retains without a bound': ['drops the topics updated longest ago'],
  'retains what is still to come': ['leaves out what lies after'],
  'retains presence': ['none of the events about subscriptions'],
  'forgets retained with the history': ['keeps it when its history is trimmed'],
  'tells every node of the dead': ['a killed node left behind'],
  'lists the dead': ['a killed node left behind'],
  'is always well': ['says that it is well'],
  'delivers before the commit': ['nothing of one rolled back'],
  'loses its history': ['keeps everything over a restart'],
  'reads the kinds apart': ['keeps the kinds in one order'],
  'gives other positions when reading': ['with the same positions'],
  'makes publishers wait for its node': ['however far behind its node is'],
  'refuses an empty append': ['takes an append of no updates'],
  'finds every id': ['begins an empty history'],
  'stores what is sent again': [
    'stores a publication that is sent again once',
    'conflicts, and knows nothing',
  ],
  'gives retained updates as they were asked for': ['gives it in order, once'],
  'retains only its own': ['gives what other nodes appended'],
  'lists only its own': ['every node’s before long'],
  'says that it carried what it did not': ['by the time it says so'],
  'lists who has left': ['who joins and leaves at once', 'by the time it says so'],
  'keeps the entries of closed nodes': ['keeps nothing of a node that was closed'],
};

const rowOf = (fault: Fault | undefined, part: string) =>
  transportContract(sharedTransport(fault)).find(({ promise }) => promise.includes(part))!;

const CASES = Object.entries(FOUND_BY).flatMap(([fault, parts]) =>
  parts.map((part) => [fault, rowOf(undefined, part).promise, part] as const),
);

describe('the contract of transports, on a store with a fault', () => {
  it.concurrent.each(CASES)('that %s: red where it promises that it "%s"', async (fault, _, part) => {
    await expect(rowOf(fault as Fault, part).run()).rejects.toThrow();
  });

  it('has no promise that could not be broken', () => {
    const broken = new Set(CASES.map(([, promise]) => promise));
    const unbroken = transportContract(sharedTransport()).filter(({ promise }) => !broken.has(promise));
    expect(unbroken.map(({ promise }) => promise)).toEqual([
      // Of the subject's author, not of the transport's.
      'has the abilities and the durability it is said to have',
    ]);
  });
});

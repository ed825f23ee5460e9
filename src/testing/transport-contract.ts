import assert from 'node:assert/strict';
import * as abilities from '../transport/abilities.js';
import { Bench, type Row } from './bench.js';
import { BOARD, DEAD_NODES } from './rows/board.js';
import { BOUNDS } from './rows/bounds.js';
import { BACK_PRESSURE, DELIVERY } from './rows/delivery.js';
import { HEALTH } from './rows/health.js';
import { JOINS } from './rows/joins.js';
import { DURABLE, EPOCHS, OUTAGES } from './rows/life.js';
import { ONCE } from './rows/once.js';
import { ORDER, ORDER_OF_NODES } from './rows/order.js';
import { READING } from './rows/reading.js';
import { RETAINED } from './rows/retained.js';
import { STORING } from './rows/storing.js';
import type { Ability, TransportUnderTest } from './transport-under-test.js';

/** One promise of the contract, to be played by whatever runs tests. */
export interface ContractRow {
  /** What is promised, as the end of "the transport …". */
  readonly promise: string;
  /** Rejects where the promise is not kept. Rows are independent and may be played in any order. */
  readonly run: () => Promise<void>;
}

const GUARDS: Readonly<Record<Ability, (transport: Parameters<typeof abilities.storesOnce>[0]) => boolean>> =
  {
    once: abilities.storesOnce,
    retained: abilities.retainsUpdates,
    presence: abilities.sharesPresence,
    health: abilities.reportsHealth,
    joins: abilities.joinsTransactions,
  };

/** That rows are not left out by a slip, and that what is tested is what was meant. */
const DECLARED: Row = {
  promise: 'has the abilities and the durability it is said to have',
  play(bench) {
    const transport = bench.open();
    const names = Object.keys(GUARDS) as Ability[];
    const found = names.filter((name) => GUARDS[name](transport));
    assert.deepEqual(found.toSorted(), bench.subject.abilities.toSorted());
    assert.equal(transport.durability, bench.subject.durability);
    return Promise.resolve();
  },
};

/**
 * The contract of transports as rows, each with a name and something to run; assertions are Node's. What is played
 * depends on what the subject says it is and lets be done to its stores.
 *
 * ```ts
 * for (const { promise, run } of transportContract(mine)) test(promise, run);
 * ```
 */
export function transportContract<Store>(subject: TransportUnderTest<Store>): ContractRow[] {
  const { nodes, durability } = subject;
  const has = (ability: Ability): boolean => subject.abilities.includes(ability);
  const many = nodes === 'many';
  const rows: readonly (readonly [when: boolean, rows: readonly Row[]])[] = [
    [true, [DECLARED, ...ORDER, ...STORING, ...READING, ...BOUNDS, ...DELIVERY]],
    [many, [...ORDER_OF_NODES, ...BACK_PRESSURE]],
    [durability !== 'process', DURABLE],
    ['takeAway' in subject, OUTAGES],
    ['wipe' in subject, EPOCHS],
    [has('once'), ONCE],
    [has('retained'), RETAINED],
    [has('presence'), BOARD],
    [has('presence') && 'spawn' in subject, DEAD_NODES],
    [has('health'), HEALTH],
    [has('joins') && 'begin' in subject, JOINS],
  ];
  return rows.flatMap(([when, part]) =>
    when ? part.map((row) => ({ promise: row.promise, run: () => Bench.play(subject, row) })) : [],
  );
}

import type { TransportUnderTest } from '../../../src/testing/transport-under-test.js';
import { type Fault, SharedLog } from './shared-log.js';
import { SharedNode, SharedState, type SharedTransaction } from './shared-node.js';

interface SharedStore {
  readonly log: SharedLog;
  state: SharedState;
}

/** The reference with everything a transport may have, correct or with one fault. */
export function sharedTransport(fault?: Fault): TransportUnderTest<SharedStore> {
  return {
    nodes: 'many',
    durability: 'disk',
    abilities: ['once', 'retained', 'presence', 'health', 'joins'],
    // Long enough for what comes; what never comes is what faults are found by.
    patienceMs: fault ? 1500 : 20_000,
    makeStore: (bounds) => Promise.resolve({ log: new SharedLog(bounds, fault), state: new SharedState() }),
    open: (store) => {
      // A restart of the last node finds a store that kept nothing.
      if (fault === 'loses its history' && store.log.tails.size === 0 && store.log.rows.length > 0)
        store.log.wipe();
      return new SharedNode(store.log, store.state);
    },
    dropStore: ({ log }) => {
      log.tails.clear();
      return Promise.resolve();
    },
    slowDown: ({ log }) => {
      log.slow = true;
      return Promise.resolve();
    },
    takeAway: ({ log }) => {
      log.away = true;
      return Promise.resolve(() => {
        log.away = false;
        log.outages++;
        for (const tail of log.tails) tail.wake();
        return Promise.resolve();
      });
    },
    wipe: ({ log }) => {
      log.wipe();
      return Promise.resolve();
    },
    spawn: ({ state }, entries) => {
      const node = {};
      state.boards.set(node, new Map(entries.map(({ id, text }) => [id, text])));
      return Promise.resolve(() => {
        const told =
          fault === 'tells every node of the dead' ? [...state.mourners] : [...state.mourners].slice(0, 1);
        setTimeout(() => {
          if (fault !== 'lists the dead') state.boards.delete(node);
          for (const listener of told) void listener.lost(entries);
        }, 30);
        return Promise.resolve();
      });
    },
    begin: ({ log }) => {
      const transaction: SharedTransaction = {
        written: [],
        query: () => Promise.reject(new Error('no SQL')),
      };
      return Promise.resolve({
        transaction,
        commit: () => {
          for (const { numbers, updates } of transaction.written) log.commit(numbers, updates, 'update');
          return Promise.resolve();
        },
        rollback: () => {
          for (const { numbers } of transaction.written) log.giveBack(numbers);
          return Promise.resolve();
        },
      });
    },
  };
}

import { memory } from '../../../src/transport/memory-transport.js';
import type {
  Position,
  StoredUpdate,
  Transport,
  TransportListener,
} from '../../../src/transport/transport.js';

/** A transport whose every answer, and every delivery, comes when the script says so. */
export interface ScriptedTransport extends Transport {
  /** What waits to be let go: answers in any order. */
  readonly answers: (() => void)[];
  /** What waits to be delivered, in order: updates, or a gap. */
  readonly deliveries: (StoredUpdate | { readonly gap: Position })[];
  /** Gives the node the next of them. */
  deliver(count: number): void;
  /** Empties the store. */
  wipe(): void;
}

export function scriptedTransport(): ScriptedTransport {
  let epoch = 0;
  let kept = memory({ maxUpdates: 100_000 });
  let listener: TransportListener;
  const answers: (() => void)[] = [];
  const deliveries: ScriptedTransport['deliveries'] = [];
  const begin = (): void => {
    const mine = epoch;
    void kept.start({
      appended: (batch) => {
        deliveries.push(
          ...batch.map(({ position, update }) => ({ position: `${mine}.${position}`, update })),
        );
        return undefined;
      },
      gap: () => undefined,
    });
  };
  /** What the store knows when it is asked; known to who asked when the script says so. */
  const answer = async <T>(known: Promise<T>): Promise<T> => {
    const value = await known;
    await new Promise<void>((resolve) => answers.push(resolve));
    return value;
  };
  const own = (position: string) => position.slice(position.indexOf('.') + 1);
  return {
    durability: 'process',
    answers,
    deliveries,
    start(told) {
      listener = told;
      begin();
      return Promise.resolve({ position: '0.0' });
    },
    append: (updates, kind) => answer(kept.append(updates, kind)),
    locate: (id) => {
      const mine = epoch;
      return answer(
        kept
          .locate(id)
          .then((cursor) =>
            cursor.found ? { found: true, position: `${mine}.${cursor.position}` } : cursor,
          ),
      );
    },
    earliest: () => {
      const mine = epoch;
      return answer(kept.earliest().then((position) => `${mine}.${position}`));
    },
    read: (after, until) => {
      const mine = `${epoch}.`;
      if (!after.startsWith(mine)) return answer(Promise.resolve(undefined));
      if (!until.startsWith(mine)) return answer(Promise.resolve({ updates: [], end: after }));
      return answer(
        kept.read(own(after), own(until)).then((page) => {
          if (!page) return undefined;
          // Pages of a few, so that a stream needs several.
          const some = page.updates.slice(0, 3);
          const isWhole = some.length === page.updates.length;
          const updates = some.map(({ position, update }) => ({ position: mine + position, update }));
          return { updates, end: isWhole ? mine + page.end : updates.at(-1)!.position };
        }),
      );
    },
    close: () => kept.close(),
    deliver(count) {
      for (const next of deliveries.splice(0, count)) {
        if ('gap' in next) listener.gap(next.gap);
        else void listener.appended([next]);
      }
    },
    wipe() {
      epoch++;
      kept = memory({ maxUpdates: 100_000 });
      begin();
      deliveries.push({ gap: `${epoch}.0` });
    },
  };
}

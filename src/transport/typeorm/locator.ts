import { timeOfId } from '../../update/update-id.js';
import type { Cursor } from '../transport.js';
import type { Log, LogState, Place } from './log.js';

/** A cursor by place. */
export type Located =
  | { readonly found: true; readonly place: Place }
  | { readonly found: false; readonly reason: 'unknown' | 'expired' };

interface Asked {
  readonly id: string;
  readonly resolve: (located: Located | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Ids of one query. */
const MAX_IDS = 1000;

/**
 * Finds ids. What is asked in one tick is one query: when a node was away, all its clients come back at once, and most
 * with the same few ids.
 */
export class Locator {
  private asked: Asked[] = [];

  /** @param see told of the state that was seen; whether it is of the life of the log that is asked about */
  constructor(
    private readonly log: Log,
    private readonly see: (state: LogState) => boolean,
  ) {}

  /** Undefined: the log is another one. */
  locate(id: string): Promise<Located | undefined> {
    return new Promise((resolve, reject) => {
      this.asked.push({ id, resolve, reject });
      if (this.asked.length === 1) setImmediate(() => void this.answer(this.asked.splice(0)));
    });
  }

  private async answer(asked: readonly Asked[]): Promise<void> {
    const ids = [...new Set(asked.map(({ id }) => id))];
    for (let start = 0; start < ids.length; start += MAX_IDS) {
      const some = new Set(ids.slice(start, start + MAX_IDS));
      const theirs = asked.filter(({ id }) => some.has(id));
      try {
        const located = await this.find([...some]);
        for (const { id, resolve } of theirs) resolve(located?.get(id));
      } catch (error) {
        for (const { reject } of theirs) reject(error);
      }
    }
  }

  private async find(ids: readonly string[]): Promise<ReadonlyMap<string, Located> | undefined> {
    const state = await this.log.state('reader');
    if (!this.see(state)) return undefined;
    const places = await this.log.placesOf(ids, state.trimmed.update.place);
    const missing = ids.filter((id) => !places.has(id));
    const oldestAt = missing.some((id) => timeOfId(id)) ? await this.log.oldestAt() : undefined;
    return new Map(
      ids.map((id) => {
        const place = places.get(id) ?? lastDropped(id, state);
        return [id, place === undefined ? notFound(id, oldestAt) : { found: true, place }];
      }),
    );
  }
}

/** Of the last one that was dropped nothing is missing after it, unless it was overtaken by what is older. */
function lastDropped(id: string, { trimmed: { update, presence } }: LogState): Place | undefined {
  if (update.id === id) return update.place;
  return presence.id === id && presence.place >= update.place ? presence.place : undefined;
}

function notFound(id: string, oldestAt: number | undefined): Located & Cursor {
  const madeAt = timeOfId(id);
  const expired = madeAt !== undefined && oldestAt !== undefined && madeAt < oldestAt;
  return { found: false, reason: expired ? 'expired' : 'unknown' };
}

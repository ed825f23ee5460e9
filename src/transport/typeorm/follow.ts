import { RecentUpdates } from '../recent-updates.js';
import type { TransportListener } from '../transport.js';
import type { KeptBounds } from './kept.js';
import type { Life } from './life.js';
import { Locator } from './locator.js';
import { EVERYTHING, type Log, type LogState, type Place } from './log.js';
import { RetainedTopics } from './retained-topics.js';
import { Retention } from './retention.js';
import { OtherHistory, Tailer } from './tailer.js';

/** The newest updates a node keeps in memory, so that clients who come back read no database. */
const RING_BOUNDS = { maxUpdates: 10_000, maxBytes: 64 * 1024 * 1024 };
/** What there is between start and close. */
export interface Running {
  readonly log: Log;
  readonly life: Life;
  readonly locator: Locator;
  readonly ring: RecentUpdates;
  readonly tailer: Tailer;
  readonly retention: Retention;
  /** Where the newest update of each topic is kept. */
  readonly retained: RetainedTopics | undefined;
}

interface Followed {
  readonly log: Log;
  readonly life: Life;
  /** Where the node begins. */
  readonly start: Place;
  readonly bounds: KeptBounds;
  /** How many the newest update is kept of; 0: it is not. */
  readonly maxTopics: number;
  readonly listener: TransportListener;
  readonly warn: (message: string) => void;
}

/** Delivers a log to a node from a place on, and keeps its bounds. */
export function follow({ log, life, start, bounds, maxTopics, listener, warn }: Followed): Running {
  const ring = new RecentUpdates(RING_BOUNDS, life.position(start));
  const retained = maxTopics > 0 ? new RetainedTopics(log, start, maxTopics) : undefined;
  const retention = new Retention(
    log,
    bounds,
    start,
    async () => void see(await log.state('reader')),
    () => retained?.written ?? EVERYTHING,
  );
  const see = (state: LogState): boolean => {
    if (!life.see(state)) return false;
    retention.look(state);
    return true;
  };
  const goOnFrom = (place: Place): void => {
    ring.restart(life.position(place));
    retention.restart(place);
    retained?.restart(place);
    listener.gap(life.position(place));
  };
  const verify = async (): Promise<Place | undefined> => {
    const place = await life.verify(tailer.newest, tailer.cursor);
    if (place !== undefined) goOnFrom(place);
    return place;
  };
  const tailer: Tailer = new Tailer(log, start, {
    deliver: (rows) => {
      const batch = rows.map((row) => life.stored(row));
      ring.push(batch);
      retention.note(rows);
      retained?.note(rows);
      return listener.appended(batch);
    },
    look: (page) => {
      if (!see(page)) throw new OtherHistory();
      life.checkDropped(tailer.cursor);
    },
    skip: (place) => {
      warn(
        `An update in the store of the updates is damaged or missing (up to place ${place}): a gap is told.`,
      );
      life.skip();
      goOnFrom(place);
    },
    verify,
    recover: async () => {
      await log.reopen();
      return verify();
    },
    heldUp: (writers) => void warnOf(log, writers, warn),
    away: (reason) => warn(`The store of the updates is away (${reason}); it is tried again.`),
  });
  log.onRing(() => tailer.wake());
  const running = {
    log,
    life,
    locator: new Locator(log, see),
    ring,
    tailer,
    retention,
    retained,
  };
  tailer.run();
  retention.run();
  return running;
}

async function warnOf(
  log: Log,
  writers: ReadonlySet<string>,
  warn: (message: string) => void,
): Promise<void> {
  // It may have ended meanwhile.
  const who = await log.describe!(writers).catch(() => '');
  if (who !== '') warn(`Delivery waits for a transaction that wrote updates: ${who}`);
}

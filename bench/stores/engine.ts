import { mariadb } from './mariadb.js';
import { postgres } from './postgres.js';
import { redis } from './redis.js';
import { sqlite } from './sqlite.js';

/** What updates are kept in beside memory. Names of hubs are plain words: one engine holds several. */
export interface Engine {
  readonly title: string;
  /** Where it is, for a message; and what to set. */
  readonly place: string;
  /** The URL of a hub's transport in it. */
  readonly url: (hub: string) => string;
  /** @throws Error where it does not answer */
  readonly answer: () => Promise<void>;
  /** Why an acknowledged write may not be on the disk; undefined: it is, or nothing is promised. */
  readonly unsynced: () => Promise<string | undefined>;
  /** Removes everything of a hub. */
  readonly clear: (hub: string) => Promise<void>;
}

export const ENGINES = { sqlite, postgres, mariadb, redis } satisfies Record<string, Engine>;

export type EngineName = keyof typeof ENGINES;

import type { LoadUpdate } from '../wire/load.js';

/** What a contestant is started with. */
export interface ContestantSettings {
  /** 0: any that is free. */
  readonly port: number;
  /** What a hub keeps in memory for those who come back. */
  readonly maxUpdates: number;
  /** The URL of the store that a hub keeps them in instead; undefined: its memory. */
  readonly store: string | undefined;
}

/** A server that is measured, as its process runs it. */
export interface Contestant {
  /** Listens; resolves with its port. */
  listen(settings: ContestantSettings): Promise<number>;
  /** Publishes in the process; undefined where nothing is to be waited for. */
  publish(update: LoadUpdate): Promise<unknown> | void;
}

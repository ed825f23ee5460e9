import type { Encryption } from './encrypt-data.js';

/**
 * What a publisher says: the state of one resource, on one canonical topic (the first) and any number of
 * alternate ones. Immutable once made; a transport stores it as it is.
 */
export interface Update {
  /** Identifies the update on the hub and is the cursor of subscribers: at most 512 bytes of UTF-8. */
  readonly id: string;
  /** The canonical topic, then the alternate ones. Never empty. */
  readonly topics: readonly string[];
  /** What subscribers receive as the event's data; well-formed text, possibly of several lines. */
  readonly data: string;
  /** Only subscribers granted one of the topics may receive it. */
  readonly private: boolean;
  /** The event's name (`event:`); absent means `message`. */
  readonly type?: string;
  /** Reconnection time in milliseconds (`retry:`); absent and 0 are both "not said". */
  readonly retry?: number;
}

/** What application code hands to `publish`. */
export interface UpdateInput {
  /** The canonical topic, or it and the alternate ones. A relative one is resolved by subscribers, not here. */
  topic: string | readonly string[];
  /** Sent as it is when a string, else as JSON. Absent means empty. */
  data?: string | object;
  /** Default false. */
  private?: boolean;
  /** Default: made by the hub (`generateId`). */
  id?: string;
  /** The event's name; default: none, which browsers hear as `message`. */
  type?: string;
  /** Reconnection time in milliseconds; default: none. */
  retry?: number;
  /** Encrypts the data for a recipient, end to end. Default: it is sent as it is. Not for `@Broadcast`. */
  encrypt?: Encryption;
}

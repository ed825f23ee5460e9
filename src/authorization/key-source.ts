import type { KeyObject } from 'node:crypto';
import type { DecodedToken } from './decoded-token.js';

/** A key and the algorithms it may be used with; one object for as long as the key is trusted. */
export interface TrustedKey {
  readonly key: KeyObject;
  readonly algorithms: ReadonlySet<string>;
}

/** Where the keys of one role of one issuer come from. */
export interface KeySource {
  /**
   * The key that must have signed a token; undefined where there is none. The token only picks among keys that are
   * trusted beforehand, and its algorithm is one of that key's own (RFC 8725 §3.1).
   */
  keyFor(token: DecodedToken): Promise<TrustedKey | undefined>;
  /** Whether a key given out earlier is still trusted. */
  holds(key: TrustedKey): boolean;
}

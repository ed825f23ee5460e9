import type { Matcher } from '../topic/matcher.js';

/** A payload a token attaches to the subscriptions it grants (1.0: of one detail; 0.x: of the whole claim). */
export interface GrantPayload {
  /** The topics it belongs to; a payload of the whole token names `ALL`. */
  readonly topics: readonly Matcher[];
  readonly payload: unknown;
}

/** What somebody may do, whatever the generation of the token that says so. */
export interface Grants {
  /** Topics updates may be published to; every topic of an update needs one. */
  readonly publish: readonly Matcher[];
  /** Whether public updates may be published to any topic besides: the oldest rule of 0.x. Absent: no. */
  readonly publishAnyPublic?: boolean;
  /** Topics whose private updates may be received; one topic of an update is enough. */
  readonly subscribe: readonly Matcher[];
  /** In the order of the token. */
  readonly payloads: readonly GrantPayload[];
  /** When the grants end: seconds since 1970 (`exp`), absent for a 0.x token without one. */
  readonly expiresAt?: number;
  /** The token's `sub`, by which connections are counted. */
  readonly subject?: string;
  /** The token's `iss`: a subject is one's own only with it (RFC 7519 §4.1.2). */
  readonly issuer?: string;
  /** Of the token they are from; it decides the status of a missing grant. Absent: not from a token. */
  readonly generation?: Generation;
}

/** 1.0 is draft-dunglas-mercure-08, 0.x is draft-dunglas-mercure-07. */
export type Generation = '1.0' | '0.x';

/** Nobody's grants: public updates only. */
export const NO_GRANTS: Grants = Object.freeze({ publish: [], subscribe: [], payloads: [] });

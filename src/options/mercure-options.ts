import type { KeyObject } from 'node:crypto';
import type { JWK } from 'jose';
import type { Transport } from '../transport/transport.js';
import type { BroadcastDefaults } from '../broadcast/broadcast-options.js';

/** Which generations of the protocol are spoken: 1.0 is draft-dunglas-mercure-08, 0.x draft-dunglas-mercure-07 and before. */
export type Protocol = 'both' | '1.0' | '0.x';

/** JWS algorithms that are accepted; `none` never is. */
export type Algorithm =
  | 'HS256'
  | 'HS384'
  | 'HS512'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA';

/** A key of your own. */
export interface StaticKey {
  /** A shared secret (text or bytes), a PEM public or private key, a JWK, or a KeyObject. */
  key: string | Uint8Array | JWK | KeyObject;
  /**
   * The algorithms a token may use. Default: `HS256` for a secret; for a PEM or KeyObject the one algorithm its
   * type implies (`RS256` for RSA); for a JWK its `alg`, else likewise. An HMAC algorithm with a public key is refused.
   */
  algorithms?: readonly Algorithm[];
}

/** Keys published by somebody else, chosen by `kid`. */
export interface JwksKey {
  /** `https:`, `http:` on the loopback only, or `file:`. */
  jwksUrl: string;
  /** Default: every asymmetric algorithm; an HMAC algorithm is refused. */
  algorithms?: readonly Algorithm[];
}

export type VerificationKey = StaticKey | JwksKey;

/** An issuer of 1.0 tokens with keys of its own. A role without a key is refused to its tokens. */
export interface IssuerOptions {
  /** The `iss` of its tokens, compared byte for byte. */
  issuer: string;
  publisher?: VerificationKey;
  subscriber?: VerificationKey;
  /** Told to clients in the protected resource metadata (RFC 9728) when true. Default false. */
  authorizationServer?: boolean;
}

/** For how long an id is remembered. */
export interface IdempotencyOptions {
  /** Milliseconds. Default 3,600,000; 0: as long as `maxCount` allows. */
  maxAgeMs?: number;
  /** Ids. Default 100,000; 0: as many as `maxAgeMs` allows. */
  maxCount?: number;
}

export interface RetainOptions {
  /** Topics of which the newest update is kept: past it those that were updated longest ago go. Default 10,000. */
  maxTopics?: number;
}

/** What `MercureModule.forRoot()` takes. Every option has a default, but one of `anonymous`, `subscriber`, `issuers` must be set. */
export interface MercureOptions {
  /** Where the hub lives, whatever prefix or versioning the application has. Default `/.well-known/mercure`. */
  path?: string;
  /**
   * The absolute base URL of the application as its clients see it. `@Broadcast`'s default and relative topics,
   * discovery, `issuer` and the audience of tokens are made with it; relative patterns and topics are matched under it
   * (published topics are kept as they are). Default: none; then the audience is that of each request's host, relative
   * patterns match relative topics, and `@Broadcast` refuses topics that need it.
   */
  publicUrl?: string;
  /** The generations spoken. Default `both`. */
  protocol?: Protocol;
  /** Verifies publishers' tokens: of 0.x, and of 1.0 for `issuer` and `trustedIssuers`. Default: none; publishing over HTTP is then 405. */
  publisher?: VerificationKey;
  /** Verifies subscribers' tokens likewise. Default: none; only `anonymous` subscribers then. */
  subscriber?: VerificationKey;
  /** The `iss` of the tokens this application mints for itself. Default: `publicUrl`. */
  issuer?: string;
  /** Further `iss` values whose 1.0 tokens verify with `publisher` and `subscriber`. Default `[]`. */
  trustedIssuers?: readonly string[];
  /** Issuers of 1.0 tokens with keys of their own. Default `[]`. */
  issuers?: readonly IssuerOptions[];
  /** The audience 1.0 tokens must name. Default: the hub's URL under `publicUrl`, else under the request's own host. */
  resourceIdentifier?: string;
  /** The origins answered; a request to another host gets 421. Default `[]`: every host is answered. */
  publicUrls?: readonly string[];
  /** Whether subscribers without a token are served (public updates only). Default false. */
  anonymous?: boolean;
  /** Whether subscriptions are told: private events as they begin and end, and an API that lists them. Default false. */
  subscriptions?: boolean;
  /** Name of the 1.0 cookie. Default `__Secure-mercure_access_token`. 0.x's `mercureAuthorization` stays beside it. */
  cookieName?: string;
  /**
   * Who may publish public updates with a 0.x token: `granted` (a `publish` selector must match every topic) or `any`
   * (the oldest rule: any token with a `publish` list, even an empty one). Default `granted`.
   */
  publicUpdates?: 'granted' | 'any';
  /** Origins whose pages may subscribe and publish (CORS); one `*` inside an entry. Default `[]`: none but the hub's own. */
  corsOrigins?: readonly string[];
  /** Origins whose pages may publish with the cookie; one `*` inside an entry. Default `[]`: none. */
  publishOrigins?: readonly string[];
  /** Milliseconds of silence after which a stream gets a comment. Default 40,000; 0: none. */
  heartbeatMs?: number;
  /** Milliseconds a stream may last; each ends at a random 80–100 % of it. Default 600,000; 0: unbounded. */
  maxLifetimeMs?: number;
  /** Milliseconds without progress after which a slow stream is cut. Default 5,000; 0: never for that reason. */
  dispatchTimeoutMs?: number;
  /** Streams open at once; one more is 429. Default 0: unbounded. */
  maxConnections?: number;
  /** Streams open at once per token subject, else per address; one more is 429. Default 0: unbounded. */
  maxConnectionsPerClient?: number;
  /** How ids are made: time-ordered, random (discloses no time), or your own. Default `uuidv7`. */
  generateId?: 'uuidv7' | 'uuidv4' | (() => string);
  /**
   * Largest body of a publication in bytes; over it 413. Default 1 MiB; 0: unbounded. An event has at most four times as
   * much on the wire, and 4 MiB at least.
   */
  maxBodyBytes?: number;
  /** Bytes a stream may have queued beside the newest batch before it is cut as slow. Default 1 MiB; 0: unbounded. */
  maxBufferedBytes?: number;
  /**
   * Units of distinct patterns the hub holds, a unit being 32 automaton positions; one client holds a tenth at most.
   * Over it 429. Default 10,000; 0: unbounded.
   */
  maxPatterns?: number;
  /** Largest topic in bytes of UTF-8; over it 400. Default 8,192. */
  maxTopicBytes?: number;
  /** Milliseconds over which a shutdown spreads the ends of streams. Default 0: all at once. */
  shutdownSpreadMs?: number;
  /** Where updates are kept and ordered. Default: `memory()`. */
  transport?: Transport;
  /** Defaults for `@Broadcast()`; `false` turns it off. Default: on wherever a DataSource is found. */
  broadcast?: BroadcastDefaults | false;
  /**
   * Whether an update with an id of its publisher's is stored once: sent again within the window it is answered as the
   * first time, with another body 409. Default false; true is `{}`.
   */
  idempotency?: boolean | IdempotencyOptions;
  /**
   * Whether the newest update of each topic is kept for streams that begin without a cursor: each gets those of the exact
   * topics it asks for and may receive. Default false; true is `{}`.
   */
  retain?: boolean | RetainOptions;
  /** Whether a stream whose cursor is not kept begins with `event: mercure` telling the gap. Default true. */
  gapEvents?: boolean;
}

/** What is said beside the options, because it must be known before any of them can be computed. */
export interface MercureModuleExtras {
  /** Whether every module may inject the hub's services without importing the module. Default true. */
  isGlobal?: boolean;
  /** Decorators put on the hub's controllers: `Public()`, `ApiExcludeController()`, … Default `[]`. */
  controllerDecorators?: readonly ClassDecorator[];
}

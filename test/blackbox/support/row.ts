import type { DetailTopic } from '../../support/tokens.js';

export type Generation = 'both' | '1.0' | '0.x';
export const GENERATIONS: readonly Generation[] = ['both', '1.0', '0.x'];
/** Hubs that speak 1.0, and hubs that speak 0.x. */
export const MODERN: readonly Generation[] = ['both', '1.0'];
export const LEGACY: readonly Generation[] = ['both', '0.x'];

/**
 * How a hub is configured. `open`: anybody may listen, active subscriptions are told, pages of https://listed.test and
 * https://*.apps.test may use it, and publish with the cookie. `closed`: nobody without a token, no active
 * subscriptions, no pages, bodies of at most 1024 bytes, a heartbeat each 200 ms, the cookie named `hub_token`. `mute`:
 * no keys at all, anybody may listen, pages of any origin. `named`: anybody may listen, told that its URL is
 * https://hub.test/.well-known/mercure, which is its audience too, and that it is reached at http://hub.test alone.
 */
export type Setup = 'open' | 'closed' | 'mute' | 'named';

/**
 * Rows are data. In every string of theirs, `$T` is a topic and `$U` a word of this one run of the row, `$M` the name of
 * the parameter for an exact topic, `$C` that of the cookie, `$HUB` the hub's URL, `$ORIGIN` its origin, and `$name` what an earlier step kept.
 */
export interface Row {
  /** See docs/protocol.md. */
  readonly id: string;
  readonly promise: string;
  readonly generations: readonly Generation[];
  /** Default: `open`. */
  readonly setup?: Setup;
  readonly steps: readonly Step[];
}

/** A token to present; without a generation it is of the one the hub speaks, of 1.0 where it speaks both. */
export interface Token {
  readonly generation?: '1.0' | '0.x';
  readonly publish?: readonly DetailTopic[];
  readonly subscribe?: readonly DetailTopic[];
  /** 0.x only. */
  readonly payload?: unknown;
  /** Signed with this secret instead of the hub's. */
  readonly key?: string;
  readonly alg?: string;
  /** Laid over the header and the claims; undefined takes one away. */
  readonly header?: Record<string, unknown>;
  readonly claims?: Record<string, unknown>;
  /** Seconds from when it is minted. */
  readonly expiresIn?: number;
}

type Pairs = readonly (readonly [name: string, value: string])[];

export interface Ask {
  readonly method?: string;
  /** On the hub's origin; default: the hub. */
  readonly path?: string;
  /** As it stands on the wire, or pairs to encode. */
  readonly query?: string | Pairs;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Uint8Array;
  readonly token?: Token;
  /** Default: the header. `query` is `authorization`, `tutorial` is `Authorization` with the scheme before the token. */
  readonly place?: 'header' | 'query' | 'tutorial' | { readonly cookie: string };
}

export interface Answer {
  readonly status: number;
  /** The first line of the body. */
  readonly reason?: string | RegExp;
  readonly body?: string | RegExp;
  /** null: it is not sent. */
  readonly headers?: Record<string, string | RegExp | null>;
  /** What the JSON body has, at least. */
  readonly json?: unknown;
}

export type Source = string | RegExp | readonly [header: string, group: RegExp];
export type Fields = string | Uint8Array | Pairs;

/** One thing after another. */
export type Step =
  | {
      readonly ask: Ask;
      readonly answer: Answer;
      /** Kept under a name for later steps: the `body`, a header, or a group found in one of them. */
      readonly keep?: Record<string, Source>;
    }
  /** By default with a token that grants everything, and answered with 200. */
  | { readonly publish: Fields; readonly token?: Token | null; readonly answer?: Answer; readonly ask?: Ask }
  /** Answered with 200 unless said otherwise, and `:` at once. */
  | { readonly follow: Ask; readonly as?: string; readonly answer?: Answer }
  /** The data of all the events so far, the last one awaited. */
  | { readonly hears: readonly string[]; readonly on?: string }
  /** The stream's text so far, whole; or that it comes to hold what matches. */
  | { readonly reads: string | RegExp; readonly on?: string; readonly keep?: Record<string, RegExp> }
  /** Among the events so far, or to come, is one whose data is JSON that has this at least. */
  | { readonly tells: object; readonly on?: string; readonly keep?: Record<string, RegExp> }
  | { readonly lacks: string | RegExp; readonly on?: string }
  | { readonly ends: true; readonly on?: string }
  | { readonly leave: string };

export const ALL: Token = { publish: ['*'], subscribe: ['*'] };
export const DETAIL = 'https://mercure.rocks/authorization-detail';
export const repeat = (count: number, pair: readonly [string, string]): Pairs =>
  Array.from({ length: count }, () => pair);

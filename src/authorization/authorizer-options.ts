import type { MercureOptions } from '../options/mercure-options.js';

type WithDefault =
  | 'protocol'
  | 'path'
  | 'trustedIssuers'
  | 'issuers'
  | 'anonymous'
  | 'cookieName'
  | 'publicUpdates'
  | 'publishOrigins';

type Unset = 'publicUrl' | 'publisher' | 'subscriber' | 'issuer' | 'resourceIdentifier';

/** The resolved options that authorization reads. */
export type AuthorizerOptions = Readonly<
  Required<Pick<MercureOptions, WithDefault>> & Pick<MercureOptions, Unset>
> & {
  /** Absolute URL of the hub, the base of relative patterns; under a placeholder host without `publicUrl`. */
  readonly hubUrl: URL;
};

/** What a token is used for: each role may have a key of its own. */
export type Role = 'publish' | 'subscribe';

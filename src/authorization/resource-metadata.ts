import { MERCURE_DETAIL } from './authorization-details.js';
import type { AuthorizerOptions } from './authorizer-options.js';
import { resourceIdentifierFor } from './resource-identifier.js';

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/** The OAuth 2.0 protected resource metadata of a hub (RFC 9728 §2), with the members draft-dunglas-mercure-08 adds. */
export interface ResourceMetadata {
  readonly resource: string;
  readonly bearer_methods_supported: readonly ['header'];
  readonly authorization_servers?: readonly string[];
  readonly authorization_details_types_supported: readonly string[];
  readonly mercure_matcher_types_supported: readonly string[];
  /** Name of the cookie a token may come in. */
  readonly mercure_cookie: string;
  readonly mercure_subscriptions?: true;
}

type MetadataOptions = Omit<AuthorizerOptions, 'publishOrigins' | 'publicUpdates'> & {
  /** Whether the hub has the subscriptions API and its events. Absent: no. */
  readonly subscriptions?: boolean;
};

/** Where the document of this hub is: a path on the hub's own host (RFC 9728 §3.1). */
export function resourceMetadataPath({ hubUrl }: Pick<AuthorizerOptions, 'hubUrl'>): string {
  return WELL_KNOWN + hubUrl.pathname;
}

/**
 * Where clients find the document: on the host of the resource identifier; undefined where there is none to find.
 *
 * @param origin scheme://host of the request as its client sees it
 */
export function resourceMetadataUrl(options: MetadataOptions, origin: string): string | undefined {
  if (!isProtected(options)) return undefined;
  const resource = resourceIdentifierFor(options, origin);
  const host = [resource, origin].find((url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol));
  return host === undefined ? undefined : new URL(resourceMetadataPath(options), host).href;
}

/**
 * The document; undefined (404) where tokens of 1.0 play no part: under `protocol: '0.x'`, and on a hub without keys.
 *
 * @param origin scheme://host of the request as its client sees it
 */
export function resourceMetadata(options: MetadataOptions, origin: string): ResourceMetadata | undefined {
  if (!isProtected(options)) return undefined;
  const servers = options.issuers
    .filter(({ authorizationServer }) => authorizationServer)
    .map(({ issuer }) => issuer);
  return {
    resource: resourceIdentifierFor(options, origin),
    bearer_methods_supported: ['header'],
    ...(servers.length > 0 && { authorization_servers: servers }),
    authorization_details_types_supported: [MERCURE_DETAIL],
    mercure_matcher_types_supported: ['exact', 'urlpattern'],
    mercure_cookie: options.cookieName,
    ...(options.subscriptions && { mercure_subscriptions: true }),
  };
}

function isProtected({ protocol, publisher, subscriber, issuers }: MetadataOptions): boolean {
  return (
    protocol !== '0.x' &&
    Boolean(publisher ?? subscriber ?? issuers.find((each) => each.publisher ?? each.subscriber))
  );
}

import type { AuthorizerOptions } from './authorizer-options.js';

type Address = Pick<AuthorizerOptions, 'path' | 'publicUrl' | 'resourceIdentifier'>;

/**
 * The absolute URL of the hub: under `publicUrl` where it is set, else under the origin of the request.
 *
 * @param origin scheme://host of the request as its client sees it
 */
export function hubUrlFor({ path, publicUrl }: Address, origin: string): string {
  return (publicUrl ?? origin).replace(/\/$/, '') + path;
}

/**
 * What a 1.0 token's `aud` must name (draft-dunglas-mercure-08, token validation): the configured resource
 * identifier, else the URL of the hub.
 */
export function resourceIdentifierFor(options: Address, origin: string): string {
  return options.resourceIdentifier ?? hubUrlFor(options, origin);
}

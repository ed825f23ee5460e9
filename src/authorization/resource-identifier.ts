import type { AuthorizerOptions } from './authorizer-options.js';

/**
 * What a 1.0 token's `aud` must name (draft-dunglas-mercure-08, token validation): the configured resource
 * identifier, else the URL of the hub, under `publicUrl` or else under the origin of the request.
 *
 * @param origin scheme://host of the request as its client sees it
 */
export function resourceIdentifierFor(
  {
    resourceIdentifier,
    publicUrl,
    hubUrl,
    path,
  }: Pick<AuthorizerOptions, 'resourceIdentifier' | 'publicUrl' | 'hubUrl' | 'path'>,
  origin: string,
): string {
  return resourceIdentifier ?? (publicUrl === undefined ? origin + path : hubUrl.href);
}

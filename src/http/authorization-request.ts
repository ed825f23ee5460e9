import type { AuthorizationRequest } from '../authorization/authorizer.js';
import type { Grants } from '../authorization/grants.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import type { StreamRequest } from '../sse/event-stream.js';
import { requestOrigin } from './request-origin.js';

/** What of a request decides whom it is allowed to. */
export function authorizationRequest(request: StreamRequest, options: ResolvedOptions): AuthorizationRequest {
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    headers: request.headers,
    rawHeaders: request.rawHeaders,
    origin: requestOrigin(request, options),
  };
}

const proved = new WeakMap<StreamRequest, Grants>();

/** Hands the grants a guard has proved to the handler behind it. */
export function setGrants(request: StreamRequest, grants: Grants): void {
  proved.set(request, grants);
}

/** The grants of a request that passed its guard. */
export function grantsOf(request: StreamRequest): Grants {
  const grants = proved.get(request);
  if (!grants) throw new Error('The request did not pass the guard');
  return grants;
}

import type { AuthorizationRequest } from '../authorization/authorizer.js';
import type { Grants } from '../authorization/grants.js';
import type { ResolvedOptions } from '../options/resolve-options.js';
import type { StreamRequest } from '../sse/event-stream.js';
import { notesOf } from './request-notes.js';
import { requestOrigin } from './request-origin.js';

/**
 * What of a request decides whom it is allowed to.
 *
 * @param url the request target as sent
 */
export function authorizationRequest(
  request: StreamRequest,
  options: ResolvedOptions,
  url = request.url ?? '/',
): AuthorizationRequest {
  const { method = 'GET', headers, rawHeaders } = request;
  return {
    method,
    url,
    headers,
    rawHeaders,
    // Parsing it costs more than all the rest, and only tokens of 1.0 have an audience to compare it with.
    get origin() {
      return requestOrigin(request, options);
    },
  };
}

/** The grants of a request that passed its guard. */
export function grantsOf(request: StreamRequest): Grants {
  const { grants } = notesOf(request);
  if (!grants) throw new Error('The request did not pass the guard');
  return grants;
}

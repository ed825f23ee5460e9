import { requestOrigin } from './request-origin.js';
/** What of a request decides whom it is allowed to. */
export function authorizationRequest(request, options) {
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    headers: request.headers,
    rawHeaders: request.rawHeaders,
    origin: requestOrigin(request, options),
  };
}
const proved = new WeakMap();
/** Hands the grants a guard has proved to the handler behind it. */
export function setGrants(request, grants) {
  proved.set(request, grants);
}
/** The grants of a request that passed its guard. */
export function grantsOf(request) {
  const grants = proved.get(request);
  if (!grants) throw new Error('The request did not pass the guard');
  return grants;
}
//# sourceMappingURL=authorization-request.js.map

import { isOriginListed } from '../authorization/origins.js';
const EXPOSED = 'Link, Mercure-Last-Event-ID, Last-Event-ID';
const METHODS = 'GET, HEAD, POST, QUERY';
const PREFLIGHT_VARY = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers';
/** The CORS fields of an actual request's answer (Fetch standard §3.2); empty where no origin is configured. */
export function corsHeaders(allowed, headers) {
  if (allowed.length === 0) return {};
  return { Vary: 'Origin', ...allow(allowed, headers.origin, EXPOSED) };
}
/** Whether a request asks whether it may be made. */
export function isPreflight(method, headers) {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}
/** The answer to a preflight: without any permission where the origin is not allowed. */
export function preflightHeaders(allowed, headers) {
  const permission = allow(allowed, headers.origin);
  if (Object.keys(permission).length === 0) return { Vary: PREFLIGHT_VARY };
  const requested = headers['access-control-request-headers'];
  return {
    ...permission,
    Vary: PREFLIGHT_VARY,
    'Access-Control-Allow-Methods': METHODS,
    ...(requested ? { 'Access-Control-Allow-Headers': requested } : undefined),
  };
}
function allow(allowed, origin, exposed) {
  if (origin === undefined || !isOriginListed(origin, allowed)) return {};
  const any = allowed.includes('*');
  return {
    'Access-Control-Allow-Origin': any ? '*' : origin,
    // Never with `*`: any page could then read with the visitor's cookie.
    ...(any ? undefined : { 'Access-Control-Allow-Credentials': 'true' }),
    ...(exposed ? { 'Access-Control-Expose-Headers': exposed } : undefined),
  };
}
//# sourceMappingURL=cors.js.map

import type { IncomingHttpHeaders } from 'node:http';
import { isOriginListed } from '../authorization/origins.js';

const EXPOSED = 'Link, Mercure-Last-Event-ID, Last-Event-ID';
const PREFLIGHT_VARY = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers';

/** The CORS fields of an actual request's answer (Fetch standard §3.2); empty where no origin is configured. */
export function corsHeaders(
  allowed: readonly string[],
  headers: IncomingHttpHeaders,
): Record<string, string> {
  if (allowed.length === 0) return {};
  return { Vary: 'Origin', ...allow(allowed, headers.origin, EXPOSED) };
}

/** Whether a request asks whether it may be made. */
export function isPreflight(method: string | undefined, headers: IncomingHttpHeaders): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

/**
 * The answer to a preflight: without any permission where the origin is not allowed.
 *
 * @param methods what may be done at the URL
 */
export function preflightHeaders(
  allowed: readonly string[],
  headers: IncomingHttpHeaders,
  methods: readonly string[],
): Record<string, string> {
  const permission = allow(allowed, headers.origin);
  if (Object.keys(permission).length === 0) return { Vary: PREFLIGHT_VARY };
  const requested = headers['access-control-request-headers'];
  return {
    ...permission,
    Vary: PREFLIGHT_VARY,
    'Access-Control-Allow-Methods': methods.join(', '),
    ...(requested ? { 'Access-Control-Allow-Headers': requested } : undefined),
  };
}

function allow(
  allowed: readonly string[],
  origin: string | undefined,
  exposed?: string,
): Record<string, string> {
  if (origin === undefined || !isOriginListed(origin, allowed)) return {};
  const any = allowed.includes('*');
  return {
    'Access-Control-Allow-Origin': any ? '*' : origin,
    // Never with `*`: any page could then read with the visitor's cookie.
    ...(any ? undefined : { 'Access-Control-Allow-Credentials': 'true' }),
    ...(exposed ? { 'Access-Control-Expose-Headers': exposed } : undefined),
  };
}

import type { IncomingHttpHeaders } from 'node:http';
import type { Generation } from './grants.js';
import { isOriginListed } from './origins.js';
import { originNotAllowed, tokenInvalid } from './refusals.js';

/** Methods that change nothing, so that a forged request with them gains nothing (RFC 9110 §9.2.1, QUERY likewise). */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'QUERY']);

/**
 * Refuses requests that publish with a cookie from pages that are not listed. Browsers attach cookies to requests of
 * any page, so the cookie alone does not show that its owner wants what the request does. `Origin` counts where it
 * is sent, else the origin of `Referer`.
 *
 * @param generation of the token in the cookie
 * @throws MercureError ORIGIN_NOT_ALLOWED (400; 401 for 0.x), TOKEN_INVALID (401) where the Referer is no URL
 */
export function requireListedOrigin(
  method: string,
  headers: IncomingHttpHeaders,
  publishOrigins: readonly string[],
  generation: Generation,
): void {
  if (SAFE_METHODS.has(method)) return;
  const origin = headers.origin ?? refererOrigin(headers.referer);
  if (origin === undefined || !isOriginListed(origin, publishOrigins)) {
    throw originNotAllowed(generation === '0.x' ? 401 : 400);
  }
}

function refererOrigin(referer: string | undefined): string | undefined {
  if (referer === undefined) return undefined;
  if (!URL.canParse(referer)) throw tokenInvalid('the Referer is no URL');
  return new URL(referer).origin;
}

import { MercureError } from '../errors.js';
import type { Grants } from './grants.js';

/** Nobody said who they are where somebody must. */
export function tokenMissing(): MercureError {
  return new MercureError(
    'TOKEN_MISSING',
    401,
    'Unauthorized',
    'Send a token: in the header "Authorization: Bearer <token>", or in the cookie of the hub.',
  );
}

/**
 * A token was sent and proves nothing. The answer is the same whatever the fault: telling a bad signature from an
 * unknown key or a past `exp` would help whoever forges tokens (draft-dunglas-mercure-08, error responses). The
 * reason is the `cause`, for the log of the hub.
 */
export function tokenInvalid(reason: string): MercureError {
  return new MercureError(
    'TOKEN_INVALID',
    401,
    'Unauthorized',
    "Send a token signed with this hub's key for the role (publishers and subscribers may have one each), made for this hub, and not expired.",
    { cause: new Error(reason) },
  );
}

/**
 * The credential has no shape of one.
 *
 * @param status 400 as RFC 6750 §3.1 says; 401 for clients of 0.x, which know no other
 */
export function authorizationMalformed(reason: string, status: 400 | 401): MercureError {
  const message = status === 400 ? 'Bad Request' : 'Unauthorized';
  return new MercureError('AUTHORIZATION_MALFORMED', status, message, `Send one token, once. ${reason}`);
}

/** A page of another origin used the cookie of its visitor: cross-site request forgery. */
export function originNotAllowed(status: 400 | 401): MercureError {
  return new MercureError(
    'ORIGIN_NOT_ALLOWED',
    status,
    status === 400 ? 'Bad Request' : 'Unauthorized',
    'To publish with the cookie, send the Origin or Referer of a page listed in "publishOrigins"; or use the Authorization header.',
  );
}

/** A proven token that does not grant what is asked: 403 for 1.0 (RFC 6750 §3.1), 401 as 0.x has it. */
export function grantMissing(grants: Grants): MercureError {
  const status = grants.generation === '0.x' ? 401 : 403;
  return new MercureError(
    'GRANT_MISSING',
    status,
    status === 403 ? 'Forbidden' : 'Unauthorized',
    'Use a token that grants this action on every topic concerned.',
  );
}

/** A token that this application cannot make, or not hand on. */
export function notMintable(message: string, remedy: string): MercureError {
  return new MercureError('TOKEN_NOT_MINTABLE', 500, message, remedy);
}

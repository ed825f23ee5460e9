import { readMercureClaim } from '../legacy/mercure-claim.js';
import { readAuthorizationDetails } from './authorization-details.js';
import type { AuthorizerOptions } from './authorizer-options.js';
import { type DecodedToken, isAccessTokenType } from './decoded-token.js';
import type { Grants } from './grants.js';

/** The last second a JavaScript date can have (ECMA-262 §21.4.1.1): a later `exp` is no date. */
const LAST_SECOND = 8.64e12;

/**
 * The grants a token speaks of, once its signature is proven.
 *
 * @throws Error naming the fault: the token is invalid
 */
export function readGrants(
  { claims, generation, type }: DecodedToken,
  { hubUrl, publicUpdates }: Pick<AuthorizerOptions, 'hubUrl' | 'publicUpdates'>,
): Grants {
  const { exp, sub } = claims;
  const expiresAt = numericDate(exp, 'exp');
  numericDate(claims['nbf'], 'nbf');
  const common = {
    generation,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(typeof sub === 'string' && sub !== '' && { subject: sub }),
    ...(typeof claims['iss'] === 'string' && { issuer: claims['iss'] }),
  };
  if (generation === '0.x')
    return Object.freeze({ ...common, ...readMercureClaim(claims, hubUrl.href, publicUpdates) });
  // RFC 9068 §4: an ID Token, say, is signed by the same issuer for the same client, and is no access token.
  if (!isAccessTokenType(type)) throw new TypeError('typ is not at+jwt');
  if (expiresAt === undefined) throw new TypeError('exp is missing');
  return Object.freeze({
    ...common,
    ...readAuthorizationDetails(claims['authorization_details'], hubUrl.href),
  });
}

/** Seconds since 1970, fractions allowed (RFC 7519 §2): libraries of 0.x clients send them. */
function numericDate(value: unknown, name: string): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || Math.abs(value) > LAST_SECOND)
    throw new TypeError(`${name} is no NumericDate`);
  return value;
}

import { LEGACY_COOKIE } from '../legacy/token-places.js';
import type { AuthorizerOptions } from './authorizer-options.js';
import { decodeToken } from './decoded-token.js';
import { notMintable } from './refusals.js';

/** What browsers keep of name and value together (RFC 6265bis §5.6); a longer cookie is dropped without a word. */
const MAX_COOKIE_BYTES = 4096;

/**
 * The `Set-Cookie` of a token, for browsers: their EventSource sends no headers of its own choice.
 *
 * Its name is that of the token's generation, its path the hub's, its `Max-Age` what is left until `exp` (without
 * `exp` it ends with the session of the browser). No script reads it (`HttpOnly`), no other site's page sends it
 * (`SameSite=Strict`), and it travels encrypted (`Secure`), unless `publicUrl` says that the application has no
 * encryption; names beginning with `__Secure-` or `__Host-` demand it even then.
 *
 * @throws MercureError TOKEN_NOT_MINTABLE where it is no token, or too long for a cookie
 */
export function authorizationCookie(
  token: string,
  { cookieName, hubUrl, publicUrl }: Pick<AuthorizerOptions, 'cookieName' | 'hubUrl' | 'publicUrl'>,
): string {
  const decoded = decodeToken(token);
  if (!decoded) throw notMintable('The value for the cookie is no token', 'Give what createToken() made.');
  const name = decoded.generation === '1.0' ? cookieName : LEGACY_COOKIE;
  if (name.length + token.length > MAX_COOKIE_BYTES) {
    throw notMintable(
      'Browsers keep no cookie of more than 4,096 bytes',
      'Grant fewer topics, or use patterns.',
    );
  }
  const { exp } = decoded.claims;
  const encrypted =
    publicUrl === undefined || hubUrl.protocol === 'https:' || /^__(?:secure|host)-/i.test(name);
  return [
    `${name}=${token}`,
    // Browsers refuse the prefix with any other path.
    `Path=${/^__host-/i.test(name) ? '/' : hubUrl.pathname}`,
    ...(typeof exp === 'number' ? [`Max-Age=${Math.max(0, Math.floor(exp - Date.now() / 1000))}`] : []),
    'HttpOnly',
    ...(encrypted ? ['Secure'] : []),
    'SameSite=Strict',
  ].join('; ');
}

import type { IncomingHttpHeaders } from 'node:http';
import { LEGACY_COOKIE, queryTokens } from '../legacy/token-places.js';
import type { AuthorizerOptions } from './authorizer-options.js';
import { decodeToken } from './decoded-token.js';
import { authorizationMalformed } from './refusals.js';

export interface PresentedToken {
  readonly text: string;
  readonly place: 'header' | 'query' | 'cookie';
}

export interface TokenPlaces {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
}

// RFC 6750 §2.1, RFC 9110 §11.1: the scheme has no case, the token is a token68.
const BEARER = /^bearer +([\w.~+/-]+=*)$/i;

/** Fewer characters cannot hold header, claims and the signature of any algorithm. */
const MIN_TOKEN_LENGTH = 41;

/**
 * Finds the one token that counts: header, then the query parameter of 0.x, then the cookie. Undefined where there
 * is none; a higher place with a bad token never falls through to a lower one.
 *
 * @throws MercureError AUTHORIZATION_MALFORMED: 400 (RFC 6750 §3.1), 401 in what only 0.x has
 */
export function findToken(
  request: TokenPlaces,
  options: Pick<AuthorizerOptions, 'protocol' | 'cookieName'>,
): PresentedToken | undefined {
  const { protocol, cookieName } = options;
  const inHeader = headerToken(request.rawHeaders, protocol === '0.x' ? 401 : 400);
  if (inHeader !== undefined) return { text: inHeader, place: 'header' };
  const inQuery = protocol === '1.0' ? undefined : queryToken(request.url);
  if (inQuery !== undefined) return { text: inQuery, place: 'query' };
  const names = protocol === '1.0' ? [cookieName] : [cookieName, LEGACY_COOKIE];
  const inCookie = cookieToken(request.headers.cookie, names);
  return inCookie === undefined ? undefined : { text: inCookie, place: 'cookie' };
}

function headerToken(rawHeaders: readonly string[], status: 400 | 401): string | undefined {
  const credentials = rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]!.toLowerCase() === 'authorization',
  );
  if (credentials.length === 0) return undefined;
  // Two of them are two readings: what a proxy checked need not be what the hub takes.
  if (credentials.length > 1)
    throw authorizationMalformed('There were several Authorization headers.', status);
  const token = BEARER.exec(credentials[0]!)?.[1];
  if (token === undefined || token.length < MIN_TOKEN_LENGTH) {
    throw authorizationMalformed('The header must be "Authorization: Bearer <token>".', status);
  }
  return token;
}

function queryToken(url: string): string | undefined {
  // A 1.0 token must not be in a URL (draft-dunglas-mercure-08): there it does not exist, so that whoever guesses
  // this way in gets the same answer as without any token.
  const tokens = queryTokens(url).filter((token) => decodeToken(token)?.generation !== '1.0');
  if (tokens.length > 1) throw authorizationMalformed('There were several "authorization" parameters.', 401);
  return tokens[0];
}

/** The first cookie of the first name that has a value. RFC 6265 §5.4 sends those of longer paths first. */
function cookieToken(header: string | undefined, names: readonly string[]): string | undefined {
  if (!header) return undefined;
  const pairs = header.split(';').map((pair) => {
    const equals = pair.indexOf('=');
    return {
      name: pair.slice(0, Math.max(0, equals)).trim(),
      value: unquoted(pair.slice(equals + 1).trim()),
    };
  });
  return names
    .map((wanted) => pairs.find(({ name, value }) => name === wanted && value !== '')?.value)
    .find(Boolean);
}

function unquoted(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

import { base64url } from 'jose';
import type { Generation } from './grants.js';
import { type JsonObject, parseStrictJson } from './strict-json.js';

/** What a token says of itself, before anything of it is proven. */
export interface DecodedToken {
  readonly text: string;
  readonly algorithm: string;
  readonly keyId?: string;
  readonly type?: string;
  readonly claims: JsonObject;
  readonly generation: Generation;
}

/** Bound before any decoding or cryptography: no honest token is longer, and headers of HTTP rarely are. */
export const MAX_TOKEN_BYTES = 16 * 1024;

// RFC 7515 §7.1, compact serialization. An empty signature (`alg: none`) has no place in it.
const COMPACT_JWS = /^([\w-]+)\.([\w-]+)\.[\w-]+$/;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a token without proving it; undefined where it is none, or demands what this hub never does: `crit` names
 * extensions that must be understood and none are (RFC 7515 §4.1.11), `b64` changes what is signed (RFC 7797).
 * Keys a token brings along or points to (`jwk`, `jku`, `x5c`, `x5u`) are not even read.
 */
export function decodeToken(text: string): DecodedToken | undefined {
  if (text.length > MAX_TOKEN_BYTES) return undefined;
  const [, encodedHeader, encodedClaims] = COMPACT_JWS.exec(text) ?? [];
  if (encodedHeader === undefined || encodedClaims === undefined) return undefined;
  try {
    const header = decodePart(encodedHeader);
    const claims = decodePart(encodedClaims);
    const { alg, kid, typ, crit, b64 } = header;
    if (typeof alg !== 'string' || crit !== undefined || b64 !== undefined) return undefined;
    if (kid !== undefined && typeof kid !== 'string') return undefined;
    if (typ !== undefined && typeof typ !== 'string') return undefined;
    return { text, algorithm: alg, keyId: kid, type: typ, claims, generation: generationOf(typ, claims) };
  } catch {
    return undefined;
  }
}

/**
 * Whether a JWT's `typ` says that it is an access token (RFC 9068 §2.1). Media types are compared without case, and
 * their `application/` may be left out (RFC 7515 §4.1.9).
 */
export function isAccessTokenType(type: string | undefined): boolean {
  return type !== undefined && /^(?:application\/)?at\+jwt$/i.test(type);
}

/**
 * A token with any mark of 1.0 is judged by every rule of 1.0. Were it taken for one of 0.x when a rule fails, an
 * attacker could strip it of audience, issuer and expiry by spoiling one of them.
 */
function generationOf(type: string | undefined, claims: JsonObject): Generation {
  return isAccessTokenType(type) || Object.hasOwn(claims, 'authorization_details') ? '1.0' : '0.x';
}

function decodePart(encoded: string): JsonObject {
  return parseStrictJson(utf8.decode(base64url.decode(encoded)));
}

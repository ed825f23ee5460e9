import type { KeyObject } from 'node:crypto';
import type { Algorithm } from '../options/mercure-options.js';

const RSA = ['RS256', 'RS384', 'RS512'] as const;
const RSA_PSS = ['PS256', 'PS384', 'PS512'] as const;
const ELLIPTIC = ['ES256', 'ES384', 'ES512'] as const;

export const HMAC: readonly Algorithm[] = ['HS256', 'HS384', 'HS512'];
export const ASYMMETRIC: readonly Algorithm[] = ['EdDSA', ...ELLIPTIC, ...RSA, ...RSA_PSS];

const BY_CURVE: ReadonlyMap<string | undefined, Algorithm> = new Map([
  ['prime256v1', 'ES256'],
  ['secp384r1', 'ES384'],
  ['secp521r1', 'ES512'],
]);

/**
 * The algorithms a key can be used with, the usual one first; none for kinds of keys JWS does not know (RFC 7518 §3)
 * and for RSA keys under 2,048 bits, which it forbids (§3.3).
 */
export function algorithmsOf(key: KeyObject): readonly Algorithm[] {
  if (key.type === 'secret') return HMAC;
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return modulusLength >= 2048 ? [...RSA, ...RSA_PSS] : [];
    case 'rsa-pss':
      return modulusLength >= 2048 ? RSA_PSS : [];
    case 'ec': {
      const algorithm = BY_CURVE.get(namedCurve);
      return algorithm ? [algorithm] : [];
    }
    case 'ed25519':
      return ['EdDSA'];
    default:
      return [];
  }
}

/** The names a token's `alg` may have: RFC 9864 calls EdDSA with this curve `Ed25519`. */
export function headerNamesOf(algorithms: readonly Algorithm[]): ReadonlySet<string> {
  return new Set(algorithms.flatMap((name): string[] => (name === 'EdDSA' ? ['EdDSA', 'Ed25519'] : [name])));
}

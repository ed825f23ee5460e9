import { createPrivateKey, createPublicKey, createSecretKey, type JsonWebKey, KeyObject } from 'node:crypto';
import type { JWK } from 'jose';
import { MercureError } from '../errors.js';
import type { Algorithm, StaticKey } from '../options/mercure-options.js';
import { algorithmsOf, headerNamesOf, HMAC } from './algorithms.js';
import type { DecodedToken } from './decoded-token.js';
import type { KeySource, TrustedKey } from './key-source.js';
import { isJsonObject, parseStrictJson } from './strict-json.js';

/** A configured key, as it is used. */
export interface ParsedKey {
  /** The secret, or the public key. */
  readonly verification: KeyObject;
  /** What can sign: the secret, or the private key where one was given. */
  readonly signing?: KeyObject;
  readonly algorithms: readonly Algorithm[];
  readonly keyId?: string;
  readonly warning?: string;
}

/** The source of a key of the hub's own. */
export class StaticKeys implements KeySource {
  private readonly trusted: TrustedKey;

  constructor({ verification, algorithms }: ParsedKey) {
    this.trusted = { key: verification, algorithms: headerNamesOf(algorithms) };
  }

  keyFor({ algorithm }: DecodedToken): Promise<TrustedKey | undefined> {
    return Promise.resolve(this.trusted.algorithms.has(algorithm) ? this.trusted : undefined);
  }

  holds(key: TrustedKey): boolean {
    return key === this.trusted;
  }
}

/**
 * Reads a configured key: PEM (also with `\n` spelled out, as environment variables have it), JWK (object or JSON
 * text), KeyObject, or else a shared secret, whose text counts as UTF-8.
 *
 * @param name of the option, for messages
 * @throws MercureError OPTIONS_INVALID where the key cannot be read or is no key for its algorithms. Above all where a
 *   public key is to be an HMAC secret: whoever has read it, which everybody may, could sign tokens with it
 *   (RFC 8725 §2.1)
 */
export function parseKey({ key, algorithms }: StaticKey, name: string): ParsedKey {
  const jwk = jwkOf(key, name);
  const { verification, signing } = keyObjects(jwk ?? key, name);
  const possible = algorithmsOf(verification);
  if (possible.length === 0) {
    throw invalid(
      name,
      'is of a kind that signs no tokens',
      'Use RSA of 2048 bits or more, P-256, P-384, P-521 or Ed25519.',
    );
  }
  const allowed = algorithms ?? [impliedAlgorithm(possible, jwk, name)];
  const unfit = allowed.find((algorithm) => !possible.includes(algorithm));
  if (allowed.length === 0 || unfit !== undefined) {
    const fault = unfit === undefined ? 'allows no algorithm' : `cannot be used with ${unfit}`;
    throw invalid(name, fault, `Set "algorithms" to some of: ${possible.join(', ')}.`);
  }
  const warning =
    verification.type === 'secret' ? shortSecretWarning(verification, allowed, name) : undefined;
  return { verification, signing, algorithms: allowed, keyId: jwk?.kid, warning };
}

function impliedAlgorithm(possible: readonly Algorithm[], jwk: JWK | undefined, name: string): Algorithm {
  if (jwk?.alg === undefined) return possible[0]!;
  const named = jwk.alg === 'Ed25519' ? 'EdDSA' : jwk.alg;
  const algorithm = possible.find((candidate) => candidate === named);
  if (!algorithm)
    throw invalid(name, 'names an "alg" its key cannot be used with', `Use ${possible.join(', ')}.`);
  return algorithm;
}

function jwkOf(key: StaticKey['key'], name: string): JWK | undefined {
  if (key instanceof KeyObject || key instanceof Uint8Array) return undefined;
  if (typeof key !== 'string') return key;
  if (!key.trimStart().startsWith('{')) return undefined;
  try {
    return parseStrictJson(key);
  } catch {
    throw invalid(
      name,
      'begins like a JSON Web Key and is none',
      'Correct it; a secret must not begin with "{".',
    );
  }
}

function keyObjects(key: StaticKey['key'], name: string): Pick<ParsedKey, 'verification' | 'signing'> {
  try {
    if (key instanceof KeyObject) return fromKeyObject(key);
    if (typeof key === 'string' || key instanceof Uint8Array) return fromText(key);
    if (isJsonObject(key)) return fromJwk(key);
  } catch {
    // Node's message is left out: it may quote what it could not read.
  }
  throw invalid(
    name,
    'cannot be read',
    'Give a secret that is not empty, an unencrypted PEM key, a JWK or a KeyObject.',
  );
}

function fromText(key: string | Uint8Array): Pick<ParsedKey, 'verification' | 'signing'> {
  const bytes = Buffer.from(key);
  const pem = bytes
    .toString('latin1')
    .trim()
    .replaceAll(String.raw`\n`, '\n');
  if (!pem.startsWith('-----BEGIN')) return fromKeyObject(createSecretKey(bytes));
  return fromKeyObject(pem.includes('PRIVATE KEY-----') ? createPrivateKey(pem) : createPublicKey(pem));
}

function fromJwk(jwk: JsonWebKey): Pick<ParsedKey, 'verification' | 'signing'> {
  if (jwk.kty === 'oct') return fromKeyObject(createSecretKey(Buffer.from(String(jwk.k), 'base64url')));
  const source = { key: jwk, format: 'jwk' } as const;
  return fromKeyObject(jwk.d === undefined ? createPublicKey(source) : createPrivateKey(source));
}

function fromKeyObject(key: KeyObject): Pick<ParsedKey, 'verification' | 'signing'> {
  if (key.type === 'secret') {
    if (!key.symmetricKeySize) throw new RangeError('an empty secret');
    return { verification: key, signing: key };
  }
  if (key.type === 'public') return { verification: key };
  // What is public of a private key: a KeyObject itself is not taken for it by Node.
  const exported = key.export({ format: 'pem', type: 'pkcs8' });
  return { verification: createPublicKey(exported), signing: key };
}

/** RFC 7518 §3.2 wants a secret as long as its hash; the demo secret of the public documentation is shorter. */
function shortSecretWarning(
  key: KeyObject,
  algorithms: readonly Algorithm[],
  name: string,
): string | undefined {
  const wanted = Math.max(
    ...algorithms.filter((each) => HMAC.includes(each)).map((each) => Number(each.slice(2)) / 8),
  );
  if (key.symmetricKeySize! >= wanted) return undefined;
  return `The secret of "${name}" is shorter than ${wanted} bytes: it can be guessed, and tokens forged with it. Use a random one.`;
}

function invalid(name: string, fault: string, remedy: string): MercureError {
  return new MercureError('OPTIONS_INVALID', 500, `The key of "${name}" ${fault}. ${remedy}`, remedy);
}

import { KeyObject } from 'node:crypto';
import { CompactEncrypt, importJWK, type JWK } from 'jose';
import { MercureError } from '../errors.js';
import { serialise } from './create-update.js';
import type { UpdateInput } from './update.js';

/** For whom the data of an update is encrypted, so that no hub on its way can read it. */
export interface Encryption {
  /** The recipient's public key: an EC, X25519 or RSA one, as a JWK or KeyObject. */
  key: JWK | KeyObject;
  /** How the content key is wrapped. Default: what the key's type implies, RSA-OAEP-256 or ECDH-ES+A256KW. */
  algorithm?: 'ECDH-ES+A256KW' | 'RSA-OAEP-256';
  /** The key's id, by which recipients find theirs in a key set. Default: the JWK's `kid`, else none. */
  kid?: string;
}

/**
 * Replaces the data of an update by its compact JWE (RFC 7516 §7.1), the content under A256GCM, as the encryption
 * section of draft-dunglas-mercure-08 recommends. Encrypting does not stop a replay: put a time or a number used once
 * into the data where that matters.
 *
 * @throws MercureError UPDATE_INVALID where the key is no public key this can encrypt for
 */
export async function encryptData(input: UpdateInput): Promise<UpdateInput> {
  const { encrypt, ...rest } = input;
  if (encrypt === undefined) return input;
  const alg = algorithmOf(encrypt);
  const kid = encrypt.kid ?? (isJwk(encrypt.key) ? encrypt.key.kid : undefined);
  const header = { alg, enc: 'A256GCM', ...(kid === undefined ? undefined : { kid }) };
  try {
    const key = isJwk(encrypt.key) ? await importJWK(encrypt.key, alg) : encrypt.key;
    const plaintext = new TextEncoder().encode(serialise(input.data));
    return { ...rest, data: await new CompactEncrypt(plaintext).setProtectedHeader(header).encrypt(key) };
  } catch (error) {
    if (error instanceof MercureError) throw error;
    throw keyRefused(error);
  }
}

function algorithmOf({ key, algorithm }: Encryption): string {
  const type = isJwk(key) ? key.kty : key.asymmetricKeyType;
  const implied: Record<string, string> = {
    RSA: 'RSA-OAEP-256',
    rsa: 'RSA-OAEP-256',
    EC: 'ECDH-ES+A256KW',
    ec: 'ECDH-ES+A256KW',
    OKP: 'ECDH-ES+A256KW',
    x25519: 'ECDH-ES+A256KW',
  };
  const fitting = type === undefined || !Object.hasOwn(implied, type) ? undefined : implied[type];
  // A shared secret would have to be known to every subscriber; RSA1_5 is what the draft forbids by name.
  if (fitting === undefined || (algorithm !== undefined && algorithm !== fitting)) throw keyRefused();
  return fitting;
}

function isJwk(key: JWK | KeyObject): key is JWK {
  return !(key instanceof KeyObject);
}

function keyRefused(cause?: unknown): MercureError {
  return new MercureError(
    'UPDATE_INVALID',
    400,
    'Invalid "encrypt" of an update',
    'Give the public EC, X25519 or RSA key of the recipient, and no algorithm or the one its type implies.',
    { cause },
  );
}

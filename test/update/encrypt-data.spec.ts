import { compactDecrypt, decodeProtectedHeader, exportJWK, generateKeyPair, type JWK } from 'jose';
import { createSecretKey, KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encryptData } from '../../src/update/encrypt-data.js';

/** A real one: what is refused below is not the key. */
const { publicKey } = await generateKeyPair('RSA-OAEP-256', { extractable: true });
const RSA = await exportJWK(publicKey);

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('an update encrypted end to end', () => {
  it.each([
    ['ECDH-ES+A256KW', {}],
    ['ECDH-ES+A256KW', { crv: 'X25519' }],
    ['RSA-OAEP-256', {}],
  ])('is a compact JWE that only the recipient can read (%s %o)', async (alg, options) => {
    const { publicKey, privateKey } = await generateKeyPair(alg, { ...options, extractable: true });
    const jwk: JWK = { ...(await exportJWK(publicKey)), kid: 'k1' };
    const encrypted = await encryptData({ topic: 't', data: { secret: 42 }, encrypt: { key: jwk } });
    expect(encrypted).not.toHaveProperty('encrypt');
    expect(decodeProtectedHeader(encrypted.data as string)).toMatchObject({ alg, enc: 'A256GCM', kid: 'k1' });
    expect(text((await compactDecrypt(encrypted.data as string, privateKey)).plaintext)).toBe(
      '{"secret":42}',
    );
    const stranger = await generateKeyPair(alg, options);
    await expect(compactDecrypt(encrypted.data as string, stranger.privateKey)).rejects.toThrow();
  });

  it('takes a KeyObject', async () => {
    const { publicKey, privateKey } = await generateKeyPair('RSA-OAEP-256');
    const key = KeyObject.from(publicKey);
    const { data } = await encryptData({ topic: 't', data: 'x', encrypt: { key } });
    expect(text((await compactDecrypt(data as string, privateKey)).plaintext)).toBe('x');
  });

  it.each<[string, object]>([
    ['a shared secret', { key: createSecretKey(Buffer.alloc(32)) }],
    ['a JWK that is none', { key: { kty: 'RSA', n: '!' } }],
    ['RSA1_5', { key: RSA, algorithm: 'RSA1_5' }],
    ['a key of another kind than the algorithm', { key: RSA, algorithm: 'ECDH-ES+A256KW' }],
  ])('refuses %s', async (_, encrypt) => {
    const input = { topic: 't', data: 'x', encrypt: encrypt as never };
    await expect(encryptData(input)).rejects.toMatchObject({ code: 'UPDATE_INVALID' });
  });
});

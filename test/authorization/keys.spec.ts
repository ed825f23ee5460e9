import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Authorizer } from '../../src/authorization/authorizer.js';
import type { Algorithm, StaticKey, VerificationKey } from '../../src/options/mercure-options.js';
import { failure, INVALID, thrown } from './support/failure.js';
import { hubOptions, request, SECRET } from './support/options.js';
import { KEYS, legacyToken, privatePem, publicPem, type SigningKey } from './support/tokens.js';

const jwk = (key: KeyObject) => key.export({ format: 'jwk' });
const { rsa, p256, p384, p521, ed25519 } = KEYS;
const authorizerWith = (publisher: VerificationKey) => new Authorizer(hubOptions({ publisher }));

async function accepts(publisher: VerificationKey, signing: SigningKey, alg: string): Promise<boolean> {
  const bearer = await legacyToken(undefined, signing, { alg });
  const outcome = authorizerWith(publisher).authenticate(request({ bearer }), 'publish');
  return outcome.then(
    () => true,
    () => false,
  );
}

describe('a key', () => {
  const secretBytes = Buffer.from(SECRET);

  it.each<[string, StaticKey, SigningKey, string]>([
    ['a secret as text', { key: SECRET }, SECRET, 'HS256'],
    [
      'a secret beyond ASCII, as UTF-8',
      { key: 'clé secrète de plus de trente-deux octets' },
      'clé secrète de plus de trente-deux octets',
      'HS256',
    ],
    ['a secret as bytes', { key: new Uint8Array(secretBytes) }, SECRET, 'HS256'],
    ['a secret as KeyObject', { key: createSecretKey(secretBytes) }, SECRET, 'HS256'],
    ['a secret as JWK', { key: { kty: 'oct', k: secretBytes.toString('base64url') } }, SECRET, 'HS256'],
    [
      'a secret as JWK with its alg',
      { key: { kty: 'oct', k: secretBytes.toString('base64url'), alg: 'HS384' } },
      SECRET,
      'HS384',
    ],
    ['a secret with another algorithm', { key: SECRET, algorithms: ['HS512'] }, SECRET, 'HS512'],
    ['RSA as PEM', { key: publicPem(rsa.publicKey) }, rsa.privateKey, 'RS256'],
    ['RSA as bytes of PEM', { key: Buffer.from(publicPem(rsa.publicKey)) }, rsa.privateKey, 'RS256'],
    [
      'RSA as PEM with its newlines spelled out',
      { key: publicPem(rsa.publicKey).replaceAll('\n', String.raw`\n`) },
      rsa.privateKey,
      'RS256',
    ],
    ['RSA as private PEM', { key: privatePem(rsa.privateKey) }, rsa.privateKey, 'RS256'],
    [
      'RSA as PKCS #1',
      { key: rsa.publicKey.export({ format: 'pem', type: 'pkcs1' }).toString() },
      rsa.privateKey,
      'RS256',
    ],
    ['RSA for PS256', { key: publicPem(rsa.publicKey), algorithms: ['PS256'] }, rsa.privateKey, 'PS256'],
    [
      'RSA for several algorithms',
      { key: publicPem(rsa.publicKey), algorithms: ['RS256', 'PS512'] },
      rsa.privateKey,
      'PS512',
    ],
    ['P-256 as PEM', { key: publicPem(p256.publicKey) }, p256.privateKey, 'ES256'],
    [
      'P-256 as SEC 1',
      { key: p256.privateKey.export({ format: 'pem', type: 'sec1' }).toString() },
      p256.privateKey,
      'ES256',
    ],
    ['P-384 as JWK', { key: jwk(p384.publicKey) }, p384.privateKey, 'ES384'],
    ['P-521 as JWK in text', { key: JSON.stringify(jwk(p521.publicKey)) }, p521.privateKey, 'ES512'],
    ['P-256 as private JWK', { key: jwk(p256.privateKey) }, p256.privateKey, 'ES256'],
    ['Ed25519 as PEM', { key: publicPem(ed25519.publicKey) }, ed25519.privateKey, 'EdDSA'],
    ['Ed25519 under its own name', { key: publicPem(ed25519.publicKey) }, ed25519.privateKey, 'Ed25519'],
    [
      'Ed25519 as JWK with its own name',
      { key: { ...jwk(ed25519.publicKey), alg: 'Ed25519' } },
      ed25519.privateKey,
      'EdDSA',
    ],
    ['Ed25519 as KeyObject', { key: ed25519.publicKey }, ed25519.privateKey, 'EdDSA'],
    ['RSA as private KeyObject', { key: rsa.privateKey }, rsa.privateKey, 'RS256'],
  ])('may be %s', async (_, key, signing, alg) => {
    expect(await accepts(key, signing, alg)).toBe(true);
  });

  it.each<[string, StaticKey, SigningKey, string]>([
    ['HS384 with a secret', { key: SECRET }, SECRET, 'HS384'],
    ['HS256 where HS512 is set', { key: SECRET, algorithms: ['HS512'] }, SECRET, 'HS256'],
    ['RS512 with an RSA key', { key: publicPem(rsa.publicKey) }, rsa.privateKey, 'RS512'],
    ['PS256 with an RSA key', { key: publicPem(rsa.publicKey) }, rsa.privateKey, 'PS256'],
    ['what the JWK does not name', { key: { ...jwk(rsa.publicKey), alg: 'RS384' } }, rsa.privateKey, 'RS256'],
  ])('is used with no other algorithm than its own: not %s', async (_, key, signing, alg) => {
    expect(await accepts(key, signing, alg)).toBe(false);
  });

  const tiny = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
  const bitcoin = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey;
  const agreement = generateKeyPairSync('x25519').publicKey;

  it.each<[string, StaticKey]>([
    [
      'HMAC with a public PEM key, which everybody has',
      { key: publicPem(rsa.publicKey), algorithms: ['HS256'] },
    ],
    ['HMAC with the bytes of one', { key: Buffer.from(publicPem(rsa.publicKey)), algorithms: ['HS256'] }],
    ['HMAC with a PEM key behind spaces', { key: `\n  ${publicPem(p256.publicKey)}`, algorithms: ['HS256'] }],
    ['HMAC beside an algorithm that fits', { key: publicPem(rsa.publicKey), algorithms: ['RS256', 'HS256'] }],
    ['HMAC with a public JWK', { key: jwk(rsa.publicKey), algorithms: ['HS256'] }],
    ['HMAC with a public KeyObject', { key: ed25519.publicKey, algorithms: ['HS512'] }],
    ['RS256 with a secret', { key: SECRET, algorithms: ['RS256'] }],
    ['the curve of another algorithm', { key: publicPem(p256.publicKey), algorithms: ['ES384'] }],
    ['no algorithm', { key: SECRET, algorithms: [] }],
    ['the algorithm none', { key: SECRET, algorithms: ['none' as Algorithm] }],
    ['an algorithm of a JWK that does not fit it', { key: { ...jwk(rsa.publicKey), alg: 'HS256' } }],
    ['an empty secret', { key: '' }],
    ['an empty secret as bytes', { key: new Uint8Array() }],
    ['a PEM key cut short', { key: publicPem(rsa.publicKey).slice(0, 80) }],
    [
      'an encrypted private key',
      {
        key: rsa.privateKey
          .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' })
          .toString(),
      },
    ],
    ['a JWK cut short', { key: '{"kty":"RSA"' }],
    ['a JWK of no kind', { key: { kty: 'RSA' } }],
    ['RSA of 1,024 bits', { key: publicPem(tiny) }],
    ['a curve that signs no tokens', { key: publicPem(bitcoin) }],
    ['a key for key agreement', { key: publicPem(agreement) }],
  ])('refuses the start with %s', (_, key) => {
    const error = thrown(() => authorizerWith(key));
    expect(error).toMatchObject({ code: 'OPTIONS_INVALID' });
    expect(error.message).toContain('"publisher"');
    if (typeof key.key === 'string' && key.key !== '')
      expect(error.message).not.toContain(key.key.slice(0, 20));
  });

  it.each<[Algorithm, number]>([
    ['HS256', 32],
    ['HS384', 48],
    ['HS512', 64],
  ])('is warned of when it is a secret shorter than %s wants (%i bytes)', (algorithm, bytes) => {
    const warningsOf = (length: number): readonly string[] =>
      authorizerWith({ key: 'x'.repeat(length), algorithms: [algorithm] }).warnings;
    expect(warningsOf(bytes)).toEqual([]);
    expect(warningsOf(bytes - 1)).toEqual([expect.stringContaining(`shorter than ${bytes} bytes`)]);
  });

  it('of another kind does not make a token of the right algorithm good', async () => {
    const bearer = await legacyToken(undefined, KEYS.otherRsa.privateKey, { alg: 'RS256' });
    const refused = authorizerWith({ key: rsa.publicKey }).authenticate(request({ bearer }), 'publish');
    expect(await failure(refused)).toMatchObject(INVALID);
  });
});

import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { MERCURE_DETAIL } from '../../../src/authorization/authorization-details.js';
import { HUB_URL, ORIGIN, SECRET } from './options.js';

/** The URI Templates and topics of the token shown all over the public documentation. */
export const DEMO_CLAIM = {
  publish: ['*'],
  subscribe: [
    'https://example.com/my-private-topic',
    '{scheme}://{+host}/demo/books/{id}.jsonld',
    '/.well-known/mercure/subscriptions{/topic}{/subscriber}',
  ],
  payload: { user: 'https://example.com/users/dunglas', remoteAddr: '127.0.0.1' },
};

export const now = (): number => Math.floor(Date.now() / 1000);

export type SigningKey = string | KeyObject;

interface Header {
  readonly alg?: string;
  readonly typ?: string;
  readonly [name: string]: unknown;
}

export function sign(
  claims: Record<string, unknown>,
  key: SigningKey = SECRET,
  header: Header = {},
): Promise<string> {
  const material = typeof key === 'string' ? createSecretKey(Buffer.from(key)) : key;
  return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', ...header }).sign(material);
}

/** A token of 0.x. */
export function legacyToken(
  claim: unknown = DEMO_CLAIM,
  key: SigningKey = SECRET,
  header: Header = {},
  claims = {},
): Promise<string> {
  return sign({ mercure: claim, ...claims }, key, { typ: 'JWT', ...header });
}

export const detail = (actions: unknown, topics: unknown, more: object = {}): Record<string, unknown> => ({
  type: MERCURE_DETAIL,
  actions,
  topics,
  ...more,
});

export const EVERYTHING = [detail(['publish', 'subscribe'], [{ match: '*' }])];

/** The claims of a 1.0 token that is right in every respect; `undefined` leaves one out. */
export function modernClaims(claims: Record<string, unknown> = {}): Record<string, unknown> {
  const all = { iss: ORIGIN, aud: HUB_URL, exp: now() + 600, authorization_details: EVERYTHING, ...claims };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

export function modernToken(
  claims: Record<string, unknown> = {},
  key: SigningKey = SECRET,
  header: Header = {},
): Promise<string> {
  return sign(modernClaims(claims), key, { typ: 'at+jwt', ...header });
}

function encode(part: unknown): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
}

/** A token put together by hand: what no library would sign. */
export function forged(header: unknown, claims: unknown, signature = 'c2lnbmF0dXJl'.repeat(4)): string {
  return `${encode(header)}.${encode(claims)}.${signature}`;
}

/** One key pair of each kind, made once: RSA keys take their time. */
export const KEYS = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  otherRsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  p521: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  ed25519: generateKeyPairSync('ed25519'),
} as const;

export const publicPem = (key: KeyObject): string => key.export({ format: 'pem', type: 'spki' }).toString();
export const privatePem = (key: KeyObject): string => key.export({ format: 'pem', type: 'pkcs8' }).toString();

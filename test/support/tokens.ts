import { type CryptoKey, type JWK, type KeyObject, SignJWT } from 'jose';

export const KEY = 'a secret of the test suites, long enough for HS256';
export const ISSUER = 'https://issuer.test';
export const AUDIENCE = 'https://hub.test/.well-known/mercure';

/**
 * What the public Mercure documentation's token says: any topic may be published to, three selectors listened to. It was
 * published with two signatures, for the default key of old hubs and for the one of newer ones.
 */
const DEMO_CLAIMS =
  'eyJhbGciOiJIUzI1NiJ9.eyJtZXJjdXJlIjp7InB1Ymxpc2giOlsiKiJdLCJzdWJzY3JpYmUiOlsiaHR0cHM6Ly9leGFtcGxlLmNvbS9teS1wcml2YXRlLXRvcGljIiwie3NjaGVtZX06Ly97K2hvc3R9L2RlbW8vYm9va3Mve2lkfS5qc29ubGQiLCIvLndlbGwta25vd24vbWVyY3VyZS9zdWJzY3JpcHRpb25zey90b3BpY317L3N1YnNjcmliZXJ9Il0sInBheWxvYWQiOnsidXNlciI6Imh0dHBzOi8vZXhhbXBsZS5jb20vdXNlcnMvZHVuZ2xhcyIsInJlbW90ZUFkZHIiOiIxMjcuMC4wLjEifX19';
export const DEMO_TOKENS = [
  { key: '!ChangeMe!', token: `${DEMO_CLAIMS}.z5YrkHwtkz3O_nOnhC_FP7_bmeISe3eykAkGbAl5K7c` },
  {
    key: '!ChangeThisMercureHubJWTSecretKey!',
    token: `${DEMO_CLAIMS}.KKPIikwUzRuB3DTpVw6ajzwSChwFw5omBMmMcWKiDcM`,
  },
] as const;

type SigningKey = string | Uint8Array | CryptoKey | KeyObject | JWK;

export interface Signing {
  /** A string is a shared secret. Default: {@link KEY}. */
  readonly key?: SigningKey;
  /** Default: `HS256`. */
  readonly alg?: string;
  /** Laid over the token's header; `undefined` takes a field away. */
  readonly header?: Record<string, unknown>;
  /** Laid over the token's claims; `undefined` takes a claim away. */
  readonly claims?: Record<string, unknown>;
}

interface Lists {
  readonly publish?: readonly unknown[];
  readonly subscribe?: readonly unknown[];
  readonly payload?: unknown;
}

/** A 0.x token: the claim `mercure` with lists of selectors. */
export function legacyToken(lists: Lists, signing: Signing = {}): Promise<string> {
  return sign({}, { mercure: lists }, signing);
}

/** One topic of a 1.0 detail; a string is an exact one. */
export type DetailTopic = string | { match: string; match_type?: string };

/** A 1.0 token: an RFC 9068 access token whose `authorization_details` are Mercure's. Valid for an hour. */
export function modernToken(
  grants: { publish?: readonly DetailTopic[]; subscribe?: readonly DetailTopic[] },
  signing: Signing = {},
): Promise<string> {
  const details = Object.entries(grants).map(([action, topics]) => ({
    type: 'https://mercure.rocks/authorization-detail',
    actions: [action],
    topics: topics.map((topic) => (typeof topic === 'string' ? { match: topic } : topic)),
  }));
  const claims = { iss: ISSUER, aud: AUDIENCE, exp: secondsFromNow(3600), authorization_details: details };
  return sign({ typ: 'at+jwt' }, claims, signing);
}

/** A NumericDate (RFC 7519 §2), for `exp` and `nbf`. */
export function secondsFromNow(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}

function sign(
  header: Record<string, unknown>,
  claims: Record<string, unknown>,
  signing: Signing,
): Promise<string> {
  // The signer must know a critical extension before it writes one; no verifier knows `x`.
  const { key = KEY, alg = 'HS256' } = signing;
  return new SignJWT(without({ ...claims, ...signing.claims }))
    .setProtectedHeader({ ...without({ ...header, ...signing.header }), alg })
    .sign(typeof key === 'string' ? new TextEncoder().encode(key) : key, { crit: { x: true } });
}

function without(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

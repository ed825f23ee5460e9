import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { mercureClaim, selectorFor } from '../legacy/mint-claim.js';
import { MERCURE_DETAIL } from './authorization-details.js';
import type { AuthorizerOptions } from './authorizer-options.js';
import { decodeToken } from './decoded-token.js';
import type { Generation } from './grants.js';
import { readGrants } from './read-grants.js';
import { signingKeyFor } from './signing-key.js';
import { notMintable } from './refusals.js';

/** A string is an exact topic, or `*` for every topic; `urlPattern` is of 1.0 only, `template` of 0.x only. */
export type TokenTopic = string | { readonly urlPattern: string } | { readonly template: string };

/** What a token is to grant. */
export interface TokenRequest {
  /** Topics it may publish to. Default: none, and the token is not signed with the publisher's key. */
  readonly publish?: readonly TokenTopic[];
  /** Topics whose private updates it may receive. Default: none. */
  readonly subscribe?: readonly TokenTopic[];
  /** Attached to the subscriptions it grants, and shown to whoever may list them. 1.0: a JSON object. */
  readonly payload?: unknown;
  /** Seconds until it expires. Default 3,600. */
  readonly expiresIn?: number;
  /** Whom it is for (`sub`), by which connections are counted. Default: nobody in particular. */
  readonly subject?: string;
  /** Default: 1.0 where an issuer is known and the protocol has it, else 0.x. */
  readonly generation?: Generation;
}

const DEFAULT_EXPIRES_IN = 3600;
const FIELDS: readonly (keyof TokenRequest)[] = [
  'publish',
  'subscribe',
  'payload',
  'expiresIn',
  'subject',
  'generation',
];

/**
 * Makes a token, signed with the application's own key of the role asked for: the publisher's for `publish`, else
 * the subscriber's.
 *
 * @throws MercureError TOKEN_NOT_MINTABLE where both roles are asked for and have different keys, the key cannot
 *   sign, or the generation cannot say what is asked
 */
export async function createToken(request: TokenRequest, options: AuthorizerOptions): Promise<string> {
  checkRequest(request);
  const { expiresIn = DEFAULT_EXPIRES_IN, subject, generation = defaultGeneration(options) } = request;
  if (!Number.isFinite(expiresIn) || expiresIn <= 0) {
    throw notMintable(
      '"expiresIn" is no number of seconds over 0',
      'Give the seconds until the token expires.',
    );
  }
  const { key, algorithm, keyId } = signingKeyFor(request, generation, options);
  const issuedAt = Math.floor(Date.now() / 1000);
  const claims = {
    ...(generation === '1.0' ? modernClaims(request, options) : legacyClaims(request)),
    iat: issuedAt,
    exp: issuedAt + Math.max(1, Math.floor(expiresIn)),
    ...(subject !== undefined && { sub: subject }),
  };
  const header = {
    alg: algorithm,
    typ: generation === '1.0' ? 'at+jwt' : 'JWT',
    ...(keyId !== undefined && { kid: keyId }),
  };
  const token = await new SignJWT(claims).setProtectedHeader(header).sign(key);
  readBack(token, options);
  return token;
}

/** A mistyped name would be a token that grants nothing, or for longer than was meant. */
function checkRequest(request: TokenRequest): void {
  const unknown = Object.keys(request).find((name) => !FIELDS.includes(name as keyof TokenRequest));
  if (unknown !== undefined) {
    throw notMintable(`A token has no "${unknown}"`, `Its fields are ${FIELDS.join(', ')}.`);
  }
  for (const role of ['publish', 'subscribe'] as const) {
    if (request[role] !== undefined && !Array.isArray(request[role])) {
      throw notMintable(
        `"${role}" is no array of topics`,
        `Give one, like { ${role}: ['https://example.com/books/1'] }.`,
      );
    }
  }
}

function defaultGeneration({ protocol, issuer, publicUrl }: AuthorizerOptions): Generation {
  return protocol === '1.0' || (protocol === 'both' && (issuer ?? publicUrl) !== undefined) ? '1.0' : '0.x';
}

/** RFC 9068 §2.2, with one Mercure authorization detail per role: a payload belongs to subscriptions only. */
function modernClaims(
  { publish = [], subscribe = [], payload }: TokenRequest,
  options: AuthorizerOptions,
): Record<string, unknown> {
  const { publicUrl, issuer = publicUrl, resourceIdentifier, hubUrl } = options;
  if (resourceIdentifier === undefined && publicUrl === undefined) {
    throw notMintable(
      'A 1.0 token must name the hub as its audience',
      'Set "publicUrl" or "resourceIdentifier".',
    );
  }
  if (payload !== undefined && subscribe.length === 0) {
    throw notMintable(
      'A payload of 1.0 belongs to the topics of "subscribe"',
      'Name them, or leave the payload out.',
    );
  }
  return {
    iss: issuer,
    aud: resourceIdentifier ?? hubUrl.href,
    client_id: issuer,
    jti: randomUUID(),
    authorization_details: [
      ...(publish.length > 0 ? [detail('publish', publish)] : []),
      ...(subscribe.length > 0
        ? [{ ...detail('subscribe', subscribe), ...(payload !== undefined && { payload }) }]
        : []),
    ],
  };
}

function detail(action: string, topics: readonly TokenTopic[]): Record<string, unknown> {
  return { type: MERCURE_DETAIL, actions: [action], topics: topics.map(matcherObject) };
}

function matcherObject(topic: TokenTopic): Record<string, string> {
  if (typeof topic === 'string') return { match: topic };
  // As a pattern `*` would match URLs only; the hub reads it as every topic.
  if ('urlPattern' in topic && topic.urlPattern !== '*')
    return { match: topic.urlPattern, match_type: 'urlpattern' };
  throw notMintable(
    'A topic cannot be said in a 1.0 token',
    'Use an exact topic, "*" as a string, or { urlPattern }.',
  );
}

function legacyClaims({ publish, subscribe, payload }: TokenRequest): Record<string, unknown> {
  return mercureClaim(publish?.map(selector), subscribe?.map(selector), payload);
}

function selector(topic: TokenTopic): string {
  const value = selectorFor(topic);
  if (value !== undefined) return value;
  throw notMintable(
    'A topic cannot be said in a 0.x token',
    'Use an exact topic without braces, "*" as a string, or a valid { template }.',
  );
}

/** What this hub would refuse is not handed out: bad patterns, too many topics, more bytes than a token may have. */
function readBack(token: string, options: AuthorizerOptions): void {
  try {
    const decoded = decodeToken(token);
    if (!decoded) throw new RangeError('the token is too large');
    readGrants(decoded, options);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'it is malformed';
    throw notMintable(`The hub would refuse this token: ${reason}`, 'Grant fewer topics, or correct them.');
  }
}

import type { IncomingHttpHeaders } from 'node:http';
import { compactVerify } from 'jose';
import type { AuthorizerOptions, Role } from './authorizer-options.js';
import { requireListedOrigin } from './cookie-origin.js';
import { type DecodedToken, decodeToken } from './decoded-token.js';
import type { Generation, Grants } from './grants.js';
import { KeyRing } from './key-ring.js';
import type { KeySource } from './key-source.js';
import { type Proof, ProofCache } from './proof-cache.js';
import { readGrants } from './read-grants.js';
import { tokenInvalid } from './refusals.js';
import { resourceIdentifierFor } from './resource-identifier.js';
import { findToken, type PresentedToken } from './token-places.js';

export type { Role } from './authorizer-options.js';

/** What of a request decides whom it is allowed to. */
export interface AuthorizationRequest {
  readonly method: string;
  /** The request target as sent: path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Name, value, name, value, …: repeated Authorization headers are seen only here. */
  readonly rawHeaders: readonly string[];
  /** scheme://host of this request as its client sees it. */
  readonly origin: string;
}

/**
 * Proves who sends a request. A token is proved once (its signature, by a key of its issuer for the role) and judged
 * on every request (`exp`, `nbf`, `aud`, the role, the origin of a page that sends it as a cookie).
 */
export class Authorizer {
  /** Keys that work and should not be used, one sentence each, for the log. */
  readonly warnings: readonly string[];
  private readonly keys: KeyRing;
  private readonly proofs = new ProofCache();
  private readonly proving = new Map<
    string,
    { readonly source: KeySource; readonly proof: Promise<Proof> }
  >();

  /** @throws MercureError OPTIONS_INVALID where a key cannot, or must not, be used */
  constructor(private readonly options: AuthorizerOptions) {
    this.keys = new KeyRing(options);
    this.warnings = this.keys.warnings;
  }

  /**
   * The grants of whoever sends the request; undefined where no token is sent, or where subscribers are anonymous
   * and none can have one: tokens are ignored then. A token that is sent and bad is an error, even where none is
   * needed: its sender believes to be somebody.
   *
   * @throws MercureError TOKEN_INVALID (401); AUTHORIZATION_MALFORMED, ORIGIN_NOT_ALLOWED (400, of 0.x 401)
   */
  async authenticate(request: AuthorizationRequest, role: Role): Promise<Grants | undefined> {
    const presented = this.findToken(request, role);
    if (!presented) return undefined;
    const known = this.known(presented, request, role);
    if (known) return known;
    const token = decodeToken(presented.text);
    if (!token) throw tokenInvalid('it cannot be read');
    this.checkPlace(presented, request, token.generation);
    const source = this.keys.sourceFor(token, role);
    if (!source) throw tokenInvalid('no key is configured for its generation, issuer and role');
    const proof = await this.prove(token, source);
    this.judge(proof, request);
    return proof.grants;
  }

  /**
   * The same at once, where the token was proved before; undefined: ask `authenticate`.
   *
   * @throws MercureError as `authenticate` does
   */
  recall(request: AuthorizationRequest, role: Role): Grants | undefined {
    const presented = this.findToken(request, role);
    return presented && this.known(presented, request, role);
  }

  private findToken(request: AuthorizationRequest, role: Role): PresentedToken | undefined {
    if (role === 'subscribe' && this.options.anonymous && !this.keys.serves('subscribe')) return undefined;
    return findToken(request, this.options);
  }

  private known(presented: PresentedToken, request: AuthorizationRequest, role: Role): Grants | undefined {
    const proof = this.proofs.get(presented.text);
    // Another role's keys have proved it, which says nothing about this role.
    if (!proof || this.keys.sourceFor(proof, role) !== proof.source) return undefined;
    this.checkPlace(presented, request, proof.generation);
    this.judge(proof, request);
    return proof.grants;
  }

  private checkPlace({ place }: PresentedToken, request: AuthorizationRequest, generation: Generation): void {
    if (place !== 'cookie') return;
    requireListedOrigin(request.method, request.headers, this.options.publishOrigins, generation);
  }

  /** Requests with the same token share one verification, and one fetch of keys. */
  private prove(token: DecodedToken, source: KeySource): Promise<Proof> {
    const underWay = this.proving.get(token.text);
    if (underWay?.source === source) return underWay.proof;
    const proof = this.verify(token, source).finally(() => {
      if (this.proving.get(token.text)?.proof === proof) this.proving.delete(token.text);
    });
    this.proving.set(token.text, { source, proof });
    return proof;
  }

  private async verify(token: DecodedToken, source: KeySource): Promise<Proof> {
    const key = await source.keyFor(token);
    if (!key) throw tokenInvalid('there is no key for its kid and alg');
    try {
      await compactVerify(token.text, key.key, { algorithms: [...key.algorithms] });
    } catch {
      throw tokenInvalid('its signature is wrong');
    }
    const { claims, generation } = token;
    const proof: Proof = { source, key, claims, generation, grants: this.grantsOf(token) };
    this.proofs.set(token.text, proof);
    return proof;
  }

  private grantsOf(token: DecodedToken): Grants {
    try {
      return readGrants(token, this.options);
    } catch (error) {
      throw tokenInvalid(error instanceof Error ? error.message : 'its claims are malformed');
    }
  }

  private judge({ claims, generation, grants }: Proof, request: AuthorizationRequest): void {
    const now = Date.now() / 1000;
    const { nbf, aud } = claims;
    // RFC 7519 §4.1.4: not on or after `exp`.
    if (grants.expiresAt !== undefined && now >= grants.expiresAt) throw tokenInvalid('exp is over');
    if (typeof nbf === 'number' && now < nbf) throw tokenInvalid('nbf is to come');
    if (generation === '0.x') return;
    const audience: unknown[] = Array.isArray(aud) ? aud : [aud];
    if (!audience.includes(resourceIdentifierFor(this.options, request.origin)))
      throw tokenInvalid('aud names another resource');
  }
}

import { createPublicKey } from 'node:crypto';
import type { Algorithm } from '../options/mercure-options.js';
import { algorithmsOf, headerNamesOf } from './algorithms.js';
import type { DecodedToken } from './decoded-token.js';
import type { KeySource, TrustedKey } from './key-source.js';
import { isJsonObject, type JsonObject, parseStrictJson } from './strict-json.js';

export interface JwksTiming {
  /** Milliseconds after which a set is fetched anew, behind the back of requests: its keys work on meanwhile. */
  readonly maxAgeMs: number;
  /** Milliseconds from one fetch to the next that an unknown key may cause. */
  readonly cooldownMs: number;
  /** The same, while no set has been fetched yet. */
  readonly firstCooldownMs: number;
}

export const JWKS_TIMING: JwksTiming = { maxAgeMs: 600_000, cooldownMs: 30_000, firstCooldownMs: 1_000 };

interface MemberKey extends TrustedKey {
  readonly keyId: unknown;
  /** By which a key is found again in a newer set. */
  readonly identity: string;
}

/**
 * A JSON Web Key Set (RFC 7517 §5) as a source of keys.
 *
 * Tokens are sent by strangers, so nothing about them may cause work elsewhere at will: fetches of one set never
 * overlap, and tokens with keys it does not have cause one per cool-down, whether it succeeds or not. Where a fetch
 * fails, the keys fetched last stay in use: an issuer that is down for a while must not take its hub along.
 */
export class Jwks implements KeySource {
  private keys: readonly MemberKey[] | undefined;
  private loading: Promise<void> | undefined;
  private attemptedAt = -Infinity;
  private loadedAt = -Infinity;

  /**
   * @param load fetches the text of the set
   * @param algorithms those allowed
   */
  constructor(
    private readonly load: () => Promise<string>,
    private readonly algorithms: readonly Algorithm[],
    private readonly timing: JwksTiming = JWKS_TIMING,
  ) {}

  /** A set that never changes. @throws SyntaxError where it is no JSON Web Key Set */
  static of(text: string, algorithms: readonly Algorithm[]): Jwks {
    const jwks = new Jwks(() => Promise.resolve(text), algorithms, {
      ...JWKS_TIMING,
      maxAgeMs: Infinity,
      cooldownMs: Infinity,
    });
    jwks.attemptedAt = jwks.loadedAt = performance.now();
    jwks.keys = jwks.parse(text);
    return jwks;
  }

  async keyFor(token: DecodedToken): Promise<TrustedKey | undefined> {
    // Before any fetch: an algorithm that is never allowed must not cause one.
    if (!headerNamesOf(this.algorithms).has(token.algorithm)) return undefined;
    this.refreshIfOld();
    const known = this.find(token);
    if (known) return known;
    await this.reload();
    return this.find(token);
  }

  holds(key: TrustedKey): boolean {
    this.refreshIfOld();
    return this.keys?.some((member) => member === key) ?? false;
  }

  /** The one key of the token's `kid`; without a `kid` the only key there is. A choice between several is not made. */
  private find({ keyId, algorithm }: DecodedToken): TrustedKey | undefined {
    const candidates = this.keys?.filter(
      (member) => member.algorithms.has(algorithm) && (keyId === undefined || member.keyId === keyId),
    );
    return candidates?.length === 1 ? candidates[0] : undefined;
  }

  private refreshIfOld(): void {
    if (this.keys && performance.now() - this.loadedAt >= this.timing.maxAgeMs) void this.reload();
  }

  /** Never rejects: whoever waits looks at the keys there are then. */
  private reload(): Promise<void> {
    const cooldown = this.keys ? this.timing.cooldownMs : this.timing.firstCooldownMs;
    if (!this.loading && performance.now() - this.attemptedAt >= cooldown) {
      this.attemptedAt = performance.now();
      this.loading = this.replaceKeys().finally(() => {
        this.loading = undefined;
      });
    }
    return this.loading ?? Promise.resolve();
  }

  private async replaceKeys(): Promise<void> {
    try {
      this.keys = this.parse(await this.load());
      this.loadedAt = performance.now();
    } catch {
      // The issuer is down, or answers something else than keys: what it said before holds on.
    }
  }

  private parse(text: string): readonly MemberKey[] {
    const { keys } = parseStrictJson(text);
    if (!Array.isArray(keys)) throw new SyntaxError('not a JSON Web Key Set');
    return keys.flatMap((jwk: unknown) => {
      const member = isJsonObject(jwk) ? this.member(jwk) : undefined;
      return member ? [this.keys?.find(({ identity }) => identity === member.identity) ?? member] : [];
    });
  }

  /** Undefined for what the hub has no use for, which others may: RFC 7517 §5 says to skip it. */
  private member(jwk: JsonObject): MemberKey | undefined {
    const { kid, use, key_ops: operations, alg } = jwk;
    if (use !== undefined && use !== 'sig') return undefined;
    if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
      return undefined;
    try {
      // Throws for secrets (`oct`), too: whoever may read the set could sign with them.
      const key = createPublicKey({ key: jwk, format: 'jwk' });
      const named = alg === 'Ed25519' ? 'EdDSA' : alg;
      const usable = algorithmsOf(key).filter(
        (each) => this.algorithms.includes(each) && (named === undefined || named === each),
      );
      return { key, algorithms: headerNamesOf(usable), keyId: kid, identity: JSON.stringify(jwk) };
    } catch {
      return undefined;
    }
  }
}

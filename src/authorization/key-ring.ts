import type { VerificationKey } from '../options/mercure-options.js';
import type { AuthorizerOptions, Role } from './authorizer-options.js';
import { createKeySource, isJwksKey } from './create-key-source.js';
import type { DecodedToken } from './decoded-token.js';
import type { KeySource } from './key-source.js';
import { trustedIssuers } from './trusted-issuers.js';

type RoleKeys = { readonly [R in Role]?: KeySource };

/** Which keys may have signed which tokens. */
export class KeyRing {
  readonly warnings: readonly string[];
  private readonly legacy: RoleKeys;
  private readonly byIssuer: ReadonlyMap<string, RoleKeys>;

  /** @throws MercureError OPTIONS_INVALID where a key cannot, or must not, be used */
  constructor(private readonly options: AuthorizerOptions) {
    const warnings = new Set<string>();
    const made = new Map<unknown, KeySource>();
    const source = (option: VerificationKey | undefined, name: string): KeySource | undefined => {
      if (!option) return undefined;
      // Several issuers and roles share a key, and one set is fetched once.
      const identity = isJwksKey(option) ? JSON.stringify([option.jwksUrl, option.algorithms]) : option;
      const existing =
        made.get(identity) ?? createKeySource(option, name, (warning) => warnings.add(warning));
      made.set(identity, existing);
      return existing;
    };
    this.legacy = {
      publish: source(options.publisher, 'publisher'),
      subscribe: source(options.subscriber, 'subscriber'),
    };
    this.byIssuer = new Map(
      [...trustedIssuers(options).values()].map(({ issuer, publisher, subscriber }) => [
        issuer,
        {
          publish: source(publisher, `publisher" of issuer "${issuer}`),
          subscribe: source(subscriber, `subscriber" of issuer "${issuer}`),
        },
      ]),
    );
    this.warnings = [...warnings];
  }

  /** Whether any token can be used for a role. */
  serves(role: Role): boolean {
    return this.legacy[role] !== undefined || [...this.byIssuer.values()].some((keys) => keys[role]);
  }

  /**
   * The keys of a token: for 1.0 those of its `iss` alone, for 0.x the hub's own. Undefined where the protocol, the
   * issuer or the role has none.
   */
  sourceFor(
    { generation, claims }: Pick<DecodedToken, 'generation' | 'claims'>,
    role: Role,
  ): KeySource | undefined {
    const { protocol } = this.options;
    if (generation === '0.x') return protocol === '1.0' ? undefined : this.legacy[role];
    if (protocol === '0.x') return undefined;
    const { iss } = claims;
    return typeof iss === 'string' ? this.byIssuer.get(iss)?.[role] : undefined;
  }
}

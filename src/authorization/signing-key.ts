import type { KeyObject } from 'node:crypto';
import type { Algorithm, VerificationKey } from '../options/mercure-options.js';
import type { AuthorizerOptions } from './authorizer-options.js';
import { isJwksKey } from './create-key-source.js';
import type { Generation } from './grants.js';
import { type ParsedKey, parseKey } from './static-key.js';
import { trustedIssuers } from './trusted-issuers.js';
import { notMintable } from './refusals.js';

interface SigningKey {
  readonly key: KeyObject;
  readonly algorithm: Algorithm;
  readonly keyId?: string;
}

/**
 * The key that signs a token: of the role asked for, among the keys the hub will verify it with. A token is proved
 * by one key, so both roles need the same one.
 *
 * @throws MercureError TOKEN_NOT_MINTABLE
 */
export function signingKeyFor(
  asked: { readonly publish?: unknown; readonly subscribe?: unknown },
  generation: Generation,
  options: AuthorizerOptions,
): SigningKey {
  const { publisher, subscriber } = verificationKeys(generation, options);
  if (asked.publish === undefined) return signing(parsed(subscriber, 'subscriber'), 'subscriber');
  const key = parsed(publisher, 'publisher');
  if (
    asked.subscribe !== undefined &&
    !parsed(subscriber, 'subscriber').verification.equals(key.verification)
  ) {
    throw notMintable('Publishers and subscribers have different keys', 'Create one token for each role.');
  }
  return signing(key, 'publisher');
}

type RoleKeys = { readonly publisher?: VerificationKey; readonly subscriber?: VerificationKey };

function verificationKeys(generation: Generation, options: AuthorizerOptions): RoleKeys {
  if (generation === '0.x') {
    if (options.protocol !== '1.0') return options;
    throw notMintable('The hub takes no 0.x tokens', 'Set "protocol" to "both", or create a 1.0 token.');
  }
  if (options.protocol === '0.x')
    throw notMintable('The hub takes no 1.0 tokens', 'Set "protocol" to "both".');
  const issuer = options.issuer ?? options.publicUrl;
  const keys = issuer === undefined ? undefined : trustedIssuers(options).get(issuer);
  if (!keys) throw notMintable('A 1.0 token must name its issuer', 'Set "issuer" or "publicUrl".');
  return keys;
}

function parsed(option: VerificationKey | undefined, name: string): ParsedKey {
  if (!option) throw notMintable(`There is no key for the "${name}"`, `Set "${name}: { key }".`);
  if (isJwksKey(option)) {
    throw notMintable(`The keys of the "${name}" are somebody else's`, 'Let their issuer create the token.');
  }
  return parseKey(option, name);
}

function signing({ signing: key, algorithms, keyId }: ParsedKey, name: string): SigningKey {
  if (!key)
    throw notMintable(`The key of the "${name}" is public and cannot sign`, 'Configure the private key.');
  return { key, algorithm: algorithms[0]!, keyId };
}

import { readFileSync } from 'node:fs';
import { MercureError } from '../errors.js';
import type { JwksKey, VerificationKey } from '../options/mercure-options.js';
import { ASYMMETRIC } from './algorithms.js';
import { fetchText } from './fetch-text.js';
import { Jwks } from './jwks.js';
import type { KeySource } from './key-source.js';
import { parseKey, StaticKeys } from './static-key.js';

/**
 * Makes the source of a configured key. A `file:` is read here, once; nothing is fetched before the first token.
 *
 * @param name of the option, for messages
 * @param warn is told of keys that work and should not be used
 * @throws MercureError OPTIONS_INVALID where no token could, or must, be verified with it
 */
export function createKeySource(
  option: VerificationKey,
  name: string,
  warn: (warning: string) => void,
): KeySource {
  if (isJwksKey(option)) return jwksSource(option, name);
  const parsed = parseKey(option, name);
  if (parsed.warning) warn(parsed.warning);
  return new StaticKeys(parsed);
}

/** Whether the keys are somebody else's: an `undefined` beside the other name counts as absent. */
export function isJwksKey(option: VerificationKey): option is JwksKey {
  return 'jwksUrl' in option && option.jwksUrl !== undefined;
}

function jwksSource({ jwksUrl, algorithms = ASYMMETRIC }: JwksKey, name: string): KeySource {
  if (algorithms.length === 0 || !algorithms.every((each) => ASYMMETRIC.includes(each))) {
    throw invalid(
      name,
      'allows an algorithm that published keys must not have',
      `Use: ${ASYMMETRIC.join(', ')}.`,
    );
  }
  const url = URL.canParse(jwksUrl) ? new URL(jwksUrl) : undefined;
  if (!url || url.username || url.password || !isAcceptable(url)) {
    throw invalid(
      name,
      'is not an acceptable URL',
      'Use https:, http: on the loopback, or file:, without credentials.',
    );
  }
  if (url.protocol !== 'file:') return new Jwks(() => fetchText(url), algorithms);
  try {
    return Jwks.of(readFileSync(url, 'utf8'), algorithms);
  } catch {
    throw invalid(name, 'is no readable JSON Web Key Set', 'Correct the file, or the path to it.');
  }
}

/** Keys that come over a network without encryption can be exchanged on their way. */
function isAcceptable({ protocol, hostname }: URL): boolean {
  if (protocol === 'https:') return true;
  if (protocol === 'file:') return hostname === '' || hostname === 'localhost';
  return protocol === 'http:' && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

function invalid(name: string, fault: string, remedy: string): MercureError {
  return new MercureError('OPTIONS_INVALID', 500, `The "jwksUrl" of "${name}" ${fault}. ${remedy}`, remedy);
}

import type { IssuerOptions, VerificationKey } from '../options/mercure-options.js';
import type { Directive } from './caddyfile.js';
import { startError } from './start-error.js';
import { ALGORITHM } from './value-types.js';

const FORM =
  'Write "issuer <iss> { publisher { jwt <key> [<algorithm>] } subscriber { jwks_uri <url> } }", on lines of their own.';

/**
 * An issuer with keys of its own:
 *
 * ```
 * issuer https://auth.example.com {
 *   authorization_server
 *   subscriber {
 *     jwks_uri https://auth.example.com/jwks.json
 *   }
 * }
 * ```
 */
export function readIssuer({ words, block = [] }: Directive, source: string): IssuerOptions {
  const issuer = words[1];
  if (words.length !== 2 || !issuer) throw invalid(source);
  return Object.assign({ issuer }, ...block.map((each) => readMember(each, source))) as IssuerOptions;
}

function readMember({ words, block }: Directive, source: string): Partial<IssuerOptions> {
  const [name, ...rest] = words;
  if (rest.length > 0) throw invalid(source);
  if (name === 'authorization_server' && !block) return { authorizationServer: true };
  if ((name === 'publisher' || name === 'subscriber') && block?.length === 1) {
    return { [name]: readKey(block[0]!, source) };
  }
  throw invalid(source);
}

function readKey({ words, block }: Directive, source: string): VerificationKey {
  const [kind, value, ...names] = words;
  const algorithms = names.map((name) => ALGORITHM.parse(name)).filter((each) => each !== undefined);
  if (!value || block || algorithms.length < names.length) throw invalid(source);
  const chosen = algorithms.length > 0 ? { algorithms } : undefined;
  if (kind === 'jwt') return { key: value, ...chosen };
  if (kind === 'jwks_uri') return { jwksUrl: value, ...chosen };
  throw invalid(source);
}

function invalid(source: string): Error {
  return startError(`Invalid ${source}`, FORM);
}

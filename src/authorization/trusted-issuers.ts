import { MercureError } from '../errors.js';
import type { IssuerOptions } from '../options/mercure-options.js';
import type { AuthorizerOptions } from './authorizer-options.js';

type IssuerSettings = Pick<
  AuthorizerOptions,
  'issuer' | 'publicUrl' | 'trustedIssuers' | 'issuers' | 'publisher' | 'subscriber'
>;

/**
 * The issuers of 1.0 tokens by their `iss`, each with its keys: the application itself and the issuers trusted with
 * its keys, and issuers with keys of their own. One issuer, one set of keys: keys of several are never pooled, or
 * each could sign tokens in the name of the others.
 *
 * @throws MercureError OPTIONS_INVALID where an issuer is named twice
 */
export function trustedIssuers(options: IssuerSettings): ReadonlyMap<string, IssuerOptions> {
  const { publisher, subscriber, issuers, issuer = options.publicUrl } = options;
  const byName = new Map<string, IssuerOptions>();
  for (const each of [
    ...issuers,
    ...options.trustedIssuers.map((name) => ({ issuer: name, publisher, subscriber })),
  ]) {
    if (byName.has(each.issuer)) {
      const remedy = 'Name every issuer once, in "issuers" or in "trustedIssuers".';
      throw new MercureError(
        'OPTIONS_INVALID',
        500,
        `The issuer "${each.issuer}" is named twice. ${remedy}`,
        remedy,
      );
    }
    byName.set(each.issuer, each);
  }
  if (issuer !== undefined && !byName.has(issuer)) byName.set(issuer, { issuer, publisher, subscriber });
  return byName;
}
